import { z } from 'zod';
import { prioritySchema } from '../conversations/priority.js';
import { pageOf, pageQuery } from '../http/pagination.js';

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
    level: z.int().describe('which reminder of its chain it is, from 1'),
    priority: prioritySchema,
    status: statusSchema,
    note: z.string().nullable().describe('what the person who made it wrote'),
    scheduledAt: z.iso.datetime().describe('when it is due'),
    sentAt: z.iso.datetime().nullable().describe('when the team was told'),
    cancelledAt: z.iso.datetime().nullable().describe('when it lost its reason'),
    cancelReason: z.string().nullable().describe('replied, closed, prioritised or superseded'),
    failedAt: z.iso.datetime().nullable().describe('when sending it was given up'),
    failure: z.string().nullable().describe('why it could not be sent'),
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

export const reminderPolicySchema = z
  .object({
    priority: prioritySchema,
    delays: z.array(z.string()).describe('ISO 8601 durations from the message that started the waiting'),
    repeatEvery: z
      .string()
      .nullable()
      .describe('after the last of them, again and again until somebody answers'),
    escalateAtLevel: z.int().nullable().describe('from which reminder on the conversation is escalated'),
    businessHours: z
      .record(z.string(), z.unknown())
      .nullable()
      .describe('when reminders may come due; null: at any time'),
  })
  .meta({ id: 'ReminderPolicy' });

export type ReminderPolicyView = z.infer<typeof reminderPolicySchema>;

export const reminderPolicyPageSchema = pageOf(reminderPolicySchema, 'ReminderPolicyPage');

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
  createdAt: '2026-11-21T09:00:00.120Z',
};

export const EXAMPLE_POLICY: ReminderPolicyView = {
  priority: 'urgent',
  delays: ['PT5M', 'PT15M', 'PT1H'],
  repeatEvery: 'PT1H',
  escalateAtLevel: 1,
  businessHours: null,
};
