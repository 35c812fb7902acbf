import { z } from 'zod';
import { prioritySchema } from '../../conversations/priority.js';
import { clientId, conversationId, EXAMPLE, event, time } from './event-definition.js';

export const CONVERSATION_EVENTS = {
  'conversation.opened': event({
    description: 'A message opened a conversation, because the client had none that was not closed.',
    version: 1,
    schema: z.strictObject({
      conversationId: conversationId(),
      clientId: clientId(),
      channel: z.string().describe('where its first message came from'),
      status: z.string().describe('pending: the assistant owns it; open: the team owns it'),
      priority: prioritySchema,
      openedAt: time().describe('when its first message came in'),
    }),
    example: {
      conversationId: EXAMPLE.conversationId,
      clientId: EXAMPLE.clientId,
      channel: 'api',
      status: 'open',
      priority: 'urgent',
      openedAt: '2026-11-21T09:00:00.120Z',
    },
  }),
  'conversation.prioritised': event({
    description:
      'A person gave a conversation another priority. What a message does to the priority is in `message.triaged`.',
    version: 1,
    schema: z.strictObject({
      conversationId: conversationId(),
      clientId: clientId(),
      priority: prioritySchema,
      previousPriority: prioritySchema.describe('how urgent it was before'),
    }),
    example: {
      conversationId: EXAMPLE.conversationId,
      clientId: EXAMPLE.clientId,
      priority: 'high',
      previousPriority: 'normal',
    },
  }),
  'conversation.closed': event({
    description: 'A conversation ended. The next message of its client opens another one.',
    version: 1,
    schema: z.strictObject({
      conversationId: conversationId(),
      clientId: clientId(),
      reason: z.string().describe('what the person who closed it wrote; idle: nothing was said for long'),
      closedAt: time().describe('when it ended'),
    }),
    example: {
      conversationId: EXAMPLE.conversationId,
      clientId: EXAMPLE.clientId,
      reason: 'solved',
      closedAt: '2026-11-21T09:30:00.000Z',
    },
  }),
};
