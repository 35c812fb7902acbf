import { z } from 'zod';
import { prioritySchema } from '../../conversations/priority.js';
import { clientId, conversationId, EXAMPLE, event, time } from './event-definition.js';

const level = () =>
  z.int().min(0).describe('which reminder of its chain it is, from 1; 0: it was made by hand');

export const REMINDER_EVENTS = {
  'reminder.due': event({
    description:
      'The team is reminded that a conversation still waits, or of what a person wanted to be reminded of.',
    version: 1,
    schema: z.strictObject({
      reminderId: z.uuid().describe('the reminder'),
      conversationId: conversationId(),
      clientId: clientId(),
      kind: z
        .enum(['policy', 'manual'])
        .describe('policy: by the policy of the priority; manual: by a person'),
      level: level(),
      priority: prioritySchema,
      note: z.string().nullable().describe('what the person who made it wrote'),
      scheduledAt: time().describe('when it was due'),
      sentAt: time().describe('when the team was told'),
      waitingSince: time()
        .nullable()
        .describe('since when the client waits; null: nobody waits, and a person wanted to be reminded'),
    }),
    example: {
      reminderId: EXAMPLE.reminderId,
      conversationId: EXAMPLE.conversationId,
      clientId: EXAMPLE.clientId,
      kind: 'policy',
      level: 1,
      priority: 'urgent',
      note: null,
      scheduledAt: '2026-11-21T09:05:00.120Z',
      sentAt: '2026-11-21T09:05:00.127Z',
      waitingSince: '2026-11-21T09:00:00.120Z',
    },
  }),
  'reminder.cancelled': event({
    description: 'A reminder lost its reason before it was due.',
    version: 1,
    schema: z.strictObject({
      reminderId: z.uuid().describe('the reminder'),
      conversationId: conversationId(),
      clientId: clientId(),
      level: level(),
      scheduledAt: time().describe('when it would have been due'),
      reason: z
        .string()
        .describe('replied, closed, answered, prioritised, superseded, policy_changed or by_hand'),
    }),
    example: {
      reminderId: EXAMPLE.reminderId,
      conversationId: EXAMPLE.conversationId,
      clientId: EXAMPLE.clientId,
      level: 1,
      scheduledAt: '2026-11-21T09:05:00.120Z',
      reason: 'replied',
    },
  }),
};
