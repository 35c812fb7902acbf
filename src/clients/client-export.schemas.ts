import { z } from 'zod';
import { prioritySchema } from '../conversations/priority.js';
import { clientSchema, EXAMPLE_CLIENT } from './client.schemas.js';

const time = (what: string) => z.iso.datetime().describe(what);

const message = z.object({
  id: z.uuid().describe('the message'),
  direction: z.enum(['inbound', 'outbound']).describe('from the client, or to it'),
  author: z.string().describe('who wrote it'),
  operatorId: z.string().nullable().describe('which operator, where one wrote it'),
  content: z.string().describe('what was written'),
  channel: z.string().describe('where it came from'),
  priority: prioritySchema.nullable().describe('how urgent it was found; null for answers'),
  category: z.string().nullable().describe('what it was found to be about'),
  triage: z.record(z.string(), z.unknown()).nullable().describe('how that was decided'),
  isFirstMessage: z.boolean().describe("whether it was the client's very first"),
  metadata: z.record(z.string(), z.unknown()).describe("the caller's own"),
  timestamp: time('when it was written'),
  createdAt: time('when it came in'),
  correctedPriority: prioritySchema.nullable().describe('what the team said it should have been'),
  correctedCategory: z.string().nullable().describe('what the team said it was about'),
});

const reminder = z.object({
  id: z.uuid().describe('the reminder'),
  kind: z.string().describe('policy, or manual'),
  level: z.int().describe('which of its chain'),
  priority: prioritySchema.describe('of the conversation'),
  note: z.string().nullable().describe('what the person who made it wrote'),
  scheduledAt: time('when it was due'),
  createdAt: time('when it was planned'),
  sentAt: time('when the team was told').nullable(),
  cancelledAt: time('when it lost its reason').nullable(),
  cancelReason: z.string().nullable().describe('why'),
  failedAt: time('when it was given up').nullable(),
});

const escalation = z.object({
  id: z.uuid().describe('its entry in the queue'),
  priority: prioritySchema.describe('how urgent it was'),
  reason: z.string().describe('why'),
  level: z.int().nullable().describe('of the reminder that escalated it'),
  note: z.string().nullable().describe('what the person who escalated it wrote'),
  createdAt: time('when it was escalated'),
  operatorId: z.string().nullable().describe('who took it'),
  claimedAt: time('when').nullable(),
  resolvedAt: time('when it was answered or closed').nullable(),
  resolution: z.string().nullable().describe('replied or closed'),
});

const event = z.object({
  id: z.uuid().describe('the event'),
  type: z.string().describe('what happened'),
  occurredAt: time('when'),
  data: z.record(z.string(), z.unknown()).describe('as it was told'),
  deliveryIds: z.array(z.uuid()).describe('its deliveries to endpoints'),
});

export const clientExportSchema = z
  .object({
    exportedAt: time('when this was asked for'),
    client: clientSchema,
    conversations: z
      .array(
        z.object({
          id: z.uuid().describe('the conversation'),
          status: z.string().describe('pending, open or closed'),
          priority: prioritySchema.describe('how urgent it is'),
          channel: z.string().describe('where its first message came from'),
          openedAt: time('when it began'),
          lastActivityAt: time('when something happened last'),
          waitingSince: time('since when the client waits').nullable(),
          closedAt: time('when it ended').nullable(),
          closeReason: z.string().nullable().describe('why'),
          messages: z.array(message).describe('what was said, oldest first'),
          reminders: z.array(reminder).describe('in the order in which they were due'),
          escalations: z.array(escalation).describe('oldest first'),
          events: z.array(event).describe('those that are still kept, in the order in which they were told'),
        }),
      )
      .describe('oldest first'),
  })
  .meta({ id: 'ClientExport' });

export const EXAMPLE_EXPORT: z.infer<typeof clientExportSchema> = {
  exportedAt: '2026-11-21T09:30:00.000Z',
  client: EXAMPLE_CLIENT,
  conversations: [
    {
      id: '019aa5c6-7b41-7a02-8c11-6b7d9e0f1a2b',
      status: 'open',
      priority: 'urgent',
      channel: 'api',
      openedAt: '2026-11-21T09:00:00.120Z',
      lastActivityAt: '2026-11-21T09:00:00.120Z',
      waitingSince: '2026-11-21T09:00:00.120Z',
      closedAt: null,
      closeReason: null,
      messages: [
        {
          id: '019aa5c6-7b40-7c3e-9d51-2f6a8b1c4e70',
          direction: 'inbound',
          author: 'client',
          operatorId: null,
          content: 'My card was stolen!',
          channel: 'api',
          priority: 'urgent',
          category: 'lost_or_stolen_card',
          triage: { source: 'offline', confidence: 0.93, status: 'done' },
          isFirstMessage: true,
          metadata: { order: 'A-17' },
          timestamp: '2026-11-21T09:00:00.000Z',
          createdAt: '2026-11-21T09:00:00.120Z',
          correctedPriority: null,
          correctedCategory: null,
        },
      ],
      reminders: [],
      escalations: [],
      events: [],
    },
  ],
};
