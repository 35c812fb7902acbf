import { z } from 'zod';
import { pageOf, pageQuery } from '../http/pagination.js';
import { clientIdSchema, contentSchema } from '../messages/message.schemas.js';
import { PRIORITIES } from './priority.js';

export const CONVERSATION_STATUSES = ['pending', 'open', 'closed'] as const;
export type ConversationStatus = (typeof CONVERSATION_STATUSES)[number];

export const conversationSchema = z
  .object({
    id: z.uuid(),
    clientId: z.string(),
    status: z.enum(CONVERSATION_STATUSES).describe('pending: the assistant owns it; open: the team owns it'),
    priority: z.enum(PRIORITIES),
    channel: z.string().describe('where its first message came from'),
    openedAt: z.iso.datetime(),
    lastActivityAt: z.iso.datetime(),
    waitingSince: z.iso
      .datetime()
      .nullable()
      .describe('since when the client waits for an answer; null once answered'),
    closedAt: z.iso.datetime().nullable(),
    closeReason: z.string().nullable(),
  })
  .meta({ id: 'Conversation' });

export type ConversationView = z.infer<typeof conversationSchema>;

export const conversationPageSchema = pageOf(conversationSchema, 'ConversationPage');

export const listConversationsSchema = z.strictObject({
  ...pageQuery,
  status: z.enum(CONVERSATION_STATUSES).optional(),
  priority: z.enum(PRIORITIES).optional(),
  clientId: clientIdSchema.optional(),
});

export type ListConversations = z.infer<typeof listConversationsSchema>;

export const conversationMessagesSchema = z.strictObject({
  ...pageQuery,
  after: z.uuid().optional().describe('a message id: everything newer'),
});

export type ConversationMessages = z.infer<typeof conversationMessagesSchema>;

export const replySchema = z
  .strictObject({
    content: contentSchema,
    author: z.enum(['operator', 'assistant']).describe('who wrote it'),
    operatorId: z
      .string()
      .regex(/^[A-Za-z0-9._:@+-]{1,128}$/, 'must be 1 to 128 of A–Z a–z 0–9 . _ : @ + -')
      .optional()
      .describe('which operator'),
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
      ),
  })
  .meta({ id: 'CloseConversation', example: { reason: 'solved' } });

export type Close = z.infer<typeof closeSchema>;

export const prioritiseSchema = z
  .strictObject({ priority: z.enum(PRIORITIES) })
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
