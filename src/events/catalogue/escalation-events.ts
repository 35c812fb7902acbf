import { z } from 'zod';
import { prioritySchema } from '../../conversations/priority.js';
import { clientId, conversationId, EXAMPLE, event, time } from './event-definition.js';

export const ESCALATION_EVENTS = {
  'conversation.escalated': event({
    description: 'A conversation needs a human now, or needs one more or less urgently than before.',
    version: 1,
    schema: z.strictObject({
      escalationId: z.uuid().describe('its entry in the queue'),
      conversationId: conversationId(),
      clientId: clientId(),
      priority: prioritySchema,
      previousPriority: prioritySchema
        .nullable()
        .describe(
          'what it was, where a more urgent message or a person changed it; null: it was not escalated before',
        ),
      reason: z
        .enum(['triage', 'policy', 'manual', 'self_check'])
        .describe(
          'triage: an urgent message; policy: reminders had no effect; manual: a person; self_check: it was forgotten',
        ),
      level: z.int().nullable().describe('of the reminder that escalated it'),
      note: z.string().nullable().describe('what the person who escalated it wrote'),
      escalatedAt: time().describe('when it was escalated, or became more or less urgent'),
    }),
    example: {
      escalationId: EXAMPLE.escalationId,
      conversationId: EXAMPLE.conversationId,
      clientId: EXAMPLE.clientId,
      priority: 'urgent',
      previousPriority: null,
      reason: 'triage',
      level: null,
      note: null,
      escalatedAt: '2026-11-21T09:00:00.120Z',
    },
  }),
  'escalation.claimed': event({
    description: 'An operator took an escalation from the queue.',
    version: 1,
    schema: z.strictObject({
      escalationId: z.uuid().describe('its entry in the queue'),
      conversationId: conversationId(),
      clientId: clientId(),
      operatorId: z.string().describe('which operator'),
      claimExpiresAt: time().describe('when it goes back to the queue, unless the client is answered before'),
    }),
    example: {
      escalationId: EXAMPLE.escalationId,
      conversationId: EXAMPLE.conversationId,
      clientId: EXAMPLE.clientId,
      operatorId: 'maria',
      claimExpiresAt: '2026-11-21T09:31:00.000Z',
    },
  }),
  'escalation.released': event({
    description: 'An escalation went back to the queue unanswered, to its old place.',
    version: 1,
    schema: z.strictObject({
      escalationId: z.uuid().describe('its entry in the queue'),
      conversationId: conversationId(),
      clientId: clientId(),
      operatorId: z.string().nullable().describe('who had it; null: nobody'),
      reason: z
        .enum(['released', 'expired', 'self_check'])
        .describe(
          'released: by a person; expired: nobody answered in time; self_check: nobody held the claim',
        ),
    }),
    example: {
      escalationId: EXAMPLE.escalationId,
      conversationId: EXAMPLE.conversationId,
      clientId: EXAMPLE.clientId,
      operatorId: 'maria',
      reason: 'expired',
    },
  }),
};
