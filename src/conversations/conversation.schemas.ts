import { z } from 'zod';
import { clientIdSchema } from '../clients/client.schemas.js';
import { operatorIdSchema } from '../escalations/escalation.schemas.js';
import { pageOf, pageQuery } from '../http/pagination.js';
import { contentSchema } from '../messages/message.schemas.js';
import { prioritySchema } from './priority.js';

export const CONVERSATION_STATUSES = ['pending', 'open', 'closed'] as const;
export type ConversationStatus = (typeof CONVERSATION_STATUSES)[number];

const statusSchema = z
  .enum(CONVERSATION_STATUSES)
  .describe('pending: the assistant owns it; open: the team owns it')
  .meta({ id: 'ConversationStatus' });

export const conversationSchema = z
  .object({
    id: z.uuid(),
    clientId: z.string().describe("the caller's own name for the client"),
    status: statusSchema,
    priority: prioritySchema,
    channel: z.string().describe('where its first message came from'),
    openedAt: z.iso.datetime().describe('when its first message came in'),
    lastActivityAt: z.iso.datetime().describe('when something was last said or decided'),
    waitingSince: z.iso
      .datetime()
      .nullable()
      .describe('since when the client waits for an answer; null once answered'),
    closedAt: z.iso.datetime().nullable().describe('null while it is not closed'),
    closeReason: z.string().nullable().describe('why it was closed'),
  })
  .meta({ id: 'Conversation' });

export type ConversationView = z.infer<typeof conversationSchema>;

export const conversationPageSchema = pageOf(conversationSchema, 'ConversationPage');

export const listConversationsSchema = z.strictObject({
  ...pageQuery,
  status: statusSchema.optional().describe('only those with this status').meta({ example: 'open' }),
  priority: prioritySchema.optional().describe('only those of this priority').meta({ example: 'urgent' }),
  clientId: clientIdSchema.optional().describe('only those of this client'),
});

export type ListConversations = z.infer<typeof listConversationsSchema>;

export const conversationMessagesSchema = z.strictObject({
  ...pageQuery,
  after: z
    .uuid()
    .optional()
    .describe('a message id: everything newer')
    .meta({ example: '019aa5c6-7b40-7c3e-9d51-2f6a8b1c4e70' }),
});

export type ConversationMessages = z.infer<typeof conversationMessagesSchema>;

export const replySchema = z
  .strictObject({
    content: contentSchema,
    author: z.enum(['operator', 'assistant']).describe('who wrote it'),
    operatorId: operatorIdSchema.optional(),
  })
  .meta({
    id: 'Reply',
    example: {
      content: 'Your card is blocked; a new one is on its way.',
      author: 'operator',
      operatorId: 'maria',
    },
  });

export type Reply = z.infer<typeof replySchema>;

export const closeSchema = z
  .strictObject({
    reason: z
      .string()
      .trim()
      .min(1)
      .max(500)
      .refine(
        (text) => text.isWellFormed() && !/\p{Cc}/u.test(text),
        'must be text without control characters',
      )
      .describe('why, for those who read it later'),
  })
  .meta({ id: 'CloseConversation', example: { reason: 'solved' } });

export type Close = z.infer<typeof closeSchema>;

export const prioritiseSchema = z
  .strictObject({ priority: prioritySchema })
  .meta({ id: 'PrioritiseConversation', example: { priority: 'high' } });

export type Prioritise = z.infer<typeof prioritiseSchema>;

export const EXAMPLE_CONVERSATION: ConversationView = {
  id: '019aa5c6-7b41-7a02-8c11-6b7d9e0f1a2b',
  clientId: 'shop-42',
  status: 'open',
  priority: 'urgent',
  channel: 'api',
  openedAt: '2026-11-21T09:00:00.120Z',
  lastActivityAt: '2026-11-21T09:00:00.120Z',
  waitingSince: '2026-11-21T09:00:00.120Z',
  closedAt: null,
  closeReason: null,
};
