import { z } from 'zod';
import { prioritySchema } from '../../conversations/priority.js';
import { clientId, conversationId, EXAMPLE, event, time } from './event-definition.js';

export const MESSAGE_EVENTS = {
  'message.received': event({
    description:
      'A client wrote a message, and it is stored. A repeated request stores nothing and tells nothing.',
    version: 1,
    schema: z.strictObject({
      messageId: z.uuid().describe('the message'),
      conversationId: z.uuid().describe('the conversation that it went into'),
      clientId: clientId(),
      content: z.string().describe('what was written'),
      channel: z.string().describe('where it came from'),
      isFirstMessage: z.boolean().describe("whether it is the client's very first"),
      metadata: z.record(z.string(), z.unknown()).describe("the caller's own, as it was sent"),
      timestamp: time().describe('when it was written'),
      createdAt: time().describe('when it came in'),
    }),
    example: {
      messageId: EXAMPLE.messageId,
      conversationId: EXAMPLE.conversationId,
      clientId: EXAMPLE.clientId,
      content: 'My card was stolen!',
      channel: 'api',
      isFirstMessage: true,
      metadata: { order: 'A-17' },
      timestamp: '2026-11-21T09:00:00.000Z',
      createdAt: '2026-11-21T09:00:00.120Z',
    },
  }),
  'message.triaged': event({
    description: 'It was decided how urgent a message is and what it is about.',
    version: 1,
    schema: z.strictObject({
      messageId: z.uuid().describe('the message'),
      conversationId: conversationId(),
      clientId: clientId(),
      priority: prioritySchema,
      category: z.string().nullable().describe('what it is about; null where the triage does not know'),
      triage: z
        .strictObject({
          source: z.string().describe('who decided'),
          confidence: z.number().min(0).max(1).describe('how sure the triage is'),
          status: z.string().describe('whether more is to come; done: it is not'),
        })
        .describe('how it was decided'),
    }),
    example: {
      messageId: EXAMPLE.messageId,
      conversationId: EXAMPLE.conversationId,
      clientId: EXAMPLE.clientId,
      priority: 'urgent',
      category: 'lost_or_stolen_card',
      triage: { source: 'offline', confidence: 0.93, status: 'done' },
    },
  }),
  'message.replied': event({
    description: 'Somebody answered the client, so nobody waits any more.',
    version: 1,
    schema: z.strictObject({
      messageId: z.uuid().describe('the answer'),
      conversationId: conversationId(),
      clientId: clientId(),
      author: z.string().describe('who wrote it: operator or assistant, which is an AI'),
      operatorId: z.string().nullable().describe('which operator, where one wrote it'),
      content: z.string().describe('what was written'),
      createdAt: time().describe('when it was written'),
    }),
    example: {
      messageId: EXAMPLE.replyId,
      conversationId: EXAMPLE.conversationId,
      clientId: EXAMPLE.clientId,
      author: 'operator',
      operatorId: 'maria',
      content: 'Your card is blocked; a new one is on its way.',
      createdAt: '2026-11-21T09:02:00.000Z',
    },
  }),
};
