import { z } from 'zod';
import { prioritySchema } from '../conversations/priority.js';
import { pageOf, pageQuery } from '../http/pagination.js';
import { countCharacters, normaliseContent } from '../messages/message-content.js';

export const REMINDER_STATUSES = ['pending', 'sent', 'cancelled', 'failed'] as const;
export type ReminderStatus = (typeof REMINDER_STATUSES)[number];

const statusSchema = z
  .enum(REMINDER_STATUSES)
  .describe('what became of the reminder')
  .meta({ id: 'ReminderStatus' });

export const reminderSchema = z
  .object({
    id: z.uuid(),
    conversationId: z.uuid().describe('the conversation that it reminds of'),
    messageId: z.uuid().nullable().describe('the message that started the chain'),
    kind: z.enum(['policy', 'manual']).describe('policy: by the policy of the priority; manual: by a person'),
    level: z.int().describe('which reminder of its chain it is, from 1; 0: it was made by hand'),
    priority: prioritySchema,
    status: statusSchema,
    note: z.string().nullable().describe('what the person who made it wrote'),
    scheduledAt: z.iso.datetime().describe('when it is due'),
    sentAt: z.iso.datetime().nullable().describe('when the team was told'),
    cancelledAt: z.iso.datetime().nullable().describe('when it lost its reason'),
    cancelReason: z
      .string()
      .nullable()
      .describe('replied, closed, answered, prioritised, superseded, policy_changed or by_hand'),
    failedAt: z.iso.datetime().nullable().describe('when sending it was given up'),
    failure: z.string().nullable().describe('why the last attempt to send it failed'),
    attempts: z.int().describe('how many attempts to send it came to an end, good or bad'),
    createdAt: z.iso.datetime().describe('when it was planned'),
  })
  .meta({ id: 'Reminder' });

export type ReminderView = z.infer<typeof reminderSchema>;

export const reminderPageSchema = pageOf(reminderSchema, 'ReminderPage');

export const listRemindersSchema = z.strictObject({
  ...pageQuery,
  status: statusSchema.optional().describe('only those with this status').meta({ example: 'pending' }),
  conversationId: z
    .uuid()
    .optional()
    .describe('only those of this conversation')
    .meta({ example: '019aa5c6-7b41-7a02-8c11-6b7d9e0f1a2b' }),
});

export type ListReminders = z.infer<typeof listRemindersSchema>;

/** The longest note, in characters (code points). */
const NOTE_LIMIT = 1_000;

const noteSchema = z
  .string()
  .refine((text) => text.isWellFormed(), 'has half of a surrogate pair: not Unicode text')
  .transform(normaliseContent)
  .refine((text) => {
    const characters = countCharacters(text, NOTE_LIMIT);
    return characters >= 1 && characters <= NOTE_LIMIT;
  }, 'must have 1 to 1,000 characters, control characters not counted')
  .meta({
    description:
      '1 to 1,000 characters after NFC normalisation; control characters other than tab and newline are removed',
    minLength: 1,
  });

export const createReminderSchema = z
  .strictObject({
    scheduledAt: z.iso
      .datetime({ offset: true })
      .describe('when to remind the team: with a zone, not in the past, at most `REMINDER_MAX_AHEAD` ahead'),
    note: noteSchema.optional(),
  })
  .meta({
    id: 'CreateReminder',
    example: { scheduledAt: '2026-11-23T09:00:00+03:00', note: 'Call back about the refund.' },
  });

export type CreateReminder = z.infer<typeof createReminderSchema>;

export const EXAMPLE_REMINDER: ReminderView = {
  id: '019aa5c6-7b42-7d10-a3b4-1c2d3e4f5a6b',
  conversationId: '019aa5c6-7b41-7a02-8c11-6b7d9e0f1a2b',
  messageId: '019aa5c6-7b40-7c3e-9d51-2f6a8b1c4e70',
  kind: 'policy',
  level: 1,
  priority: 'urgent',
  status: 'pending',
  note: null,
  scheduledAt: '2026-11-21T09:05:00.120Z',
  sentAt: null,
  cancelledAt: null,
  cancelReason: null,
  failedAt: null,
  failure: null,
  attempts: 0,
  createdAt: '2026-11-21T09:00:00.120Z',
};

export const EXAMPLE_MANUAL_REMINDER: ReminderView = {
  ...EXAMPLE_REMINDER,
  messageId: null,
  kind: 'manual',
  level: 0,
  note: 'Call back about the refund.',
  scheduledAt: '2026-11-23T06:00:00.000Z',
};
