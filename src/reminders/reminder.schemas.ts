import { z } from 'zod';
import { PRIORITIES } from '../conversations/priority.js';
import { pageOf, pageQuery } from '../http/pagination.js';

export const REMINDER_STATUSES = ['pending', 'sent', 'cancelled', 'failed'] as const;
export type ReminderStatus = (typeof REMINDER_STATUSES)[number];

export const reminderSchema = z
  .object({
    id: z.uuid(),
    conversationId: z.uuid(),
    messageId: z.uuid().nullable().describe('the message that started the chain'),
    kind: z.enum(['policy', 'manual']),
    level: z.int().describe('which reminder of its chain it is, from 1'),
    priority: z.enum(PRIORITIES),
    status: z.enum(REMINDER_STATUSES),
    note: z.string().nullable(),
    scheduledAt: z.iso.datetime(),
    sentAt: z.iso.datetime().nullable(),
    cancelledAt: z.iso.datetime().nullable(),
    cancelReason: z.string().nullable().describe('replied, closed, prioritised or superseded'),
    failedAt: z.iso.datetime().nullable(),
    failure: z.string().nullable(),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Reminder' });

export type ReminderView = z.infer<typeof reminderSchema>;

export const reminderPageSchema = pageOf(reminderSchema, 'ReminderPage');

export const listRemindersSchema = z.strictObject({
  ...pageQuery,
  status: z.enum(REMINDER_STATUSES).optional(),
  conversationId: z.uuid().optional(),
});

export type ListReminders = z.infer<typeof listRemindersSchema>;

export const reminderPolicySchema = z
  .object({
    priority: z.enum(PRIORITIES),
    delays: z.array(z.string()).describe('ISO 8601 durations from the message that started the waiting'),
    repeatEvery: z
      .string()
      .nullable()
      .describe('after the last of them, again and again until somebody answers'),
    escalateAtLevel: z.int().nullable().describe('from which reminder on the conversation is escalated'),
    businessHours: z.json().nullable(),
  })
  .meta({ id: 'ReminderPolicy' });

export type ReminderPolicyView = z.infer<typeof reminderPolicySchema>;

export const reminderPolicyListSchema = z
  .object({ data: z.array(reminderPolicySchema), nextCursor: z.null() })
  .meta({ id: 'ReminderPolicyList' });

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
