import { Body, Controller, Get, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Access } from '../auth/access.js';
import { ApiTag } from '../http/api-documentation.js';
import { BODY_PROBLEMS, missing, Operation } from '../http/api-operation.js';
import type { Page } from '../http/pagination.js';
import { idOf } from '../http/path-parameters.js';
import { RateLimit } from '../http/rate-limits/rate-limit.guard.js';
import { IdempotencyKeyHeader, KEY_PROBLEMS } from '../idempotency/idempotency-operation.js';
import { answerOnce, CurrentKey, type RequestKey } from '../idempotency/request-key.js';
import {
  EXAMPLE_MESSAGE,
  EXAMPLE_REPLY,
  type MessageView,
  messagePageSchema,
  messageSchema,
} from '../messages/message.schemas.js';
import {
  type Close,
  type ConversationMessages,
  type ConversationView,
  closeSchema,
  conversationMessagesSchema,
  conversationPageSchema,
  conversationSchema,
  EXAMPLE_CONVERSATION,
  type ListConversations,
  listConversationsSchema,
  type Prioritise,
  prioritiseSchema,
  type Reply,
  replySchema,
} from './conversation.schemas.js';
import { ConversationService } from './conversation.service.js';

const conversationId = idOf('conversation', EXAMPLE_CONVERSATION.id);
const MISSING = missing('conversation', EXAMPLE_CONVERSATION.id);

const CHANGES = {
  ...MISSING,
  409: {
    when: 'The conversation is closed.',
    code: 'conversation_closed',
    detail: `The conversation ${EXAMPLE_CONVERSATION.id} is closed.`,
  },
  ...BODY_PROBLEMS,
};

@ApiTag('Conversations')
@Controller('api/conversations')
@RateLimit('messages')
export class ConversationController {
  constructor(private readonly conversations: ConversationService) {}

  @Get()
  @Access('messages:read')
  @Operation({
    id: 'listConversations',
    summary: 'List conversations',
    description: 'With a status, the one with the latest activity first; else the newest first.',
    status: 200,
    answers: {
      200: {
        description: 'A page of conversations.',
        schema: conversationPageSchema,
        example: { data: [EXAMPLE_CONVERSATION], nextCursor: null },
      },
    },
  })
  list(
    @Query({ schema: listConversationsSchema }) query: ListConversations,
  ): Promise<Page<ConversationView>> {
    return this.conversations.list(query);
  }

  @Get(':id')
  @Access('messages:read')
  @Operation({
    id: 'getConversation',
    summary: 'Read a conversation',
    status: 200,
    answers: {
      200: { description: 'The conversation.', schema: conversationSchema, example: EXAMPLE_CONVERSATION },
    },
    problems: MISSING,
  })
  find(@Param('id', { schema: conversationId }) id: string): Promise<ConversationView> {
    return this.conversations.find(id);
  }

  @Get(':id/messages')
  @Access('messages:read')
  @Operation({
    id: 'listConversationMessages',
    summary: 'Read what was said',
    description: 'The messages of a conversation, oldest first.',
    status: 200,
    answers: {
      200: {
        description: 'A page of messages.',
        schema: messagePageSchema,
        example: { data: [EXAMPLE_MESSAGE, EXAMPLE_REPLY], nextCursor: null },
      },
    },
    problems: MISSING,
  })
  listMessages(
    @Param('id', { schema: conversationId }) id: string,
    @Query({ schema: conversationMessagesSchema }) query: ConversationMessages,
  ): Promise<Page<MessageView>> {
    return this.conversations.listMessages(id, query);
  }

  @Post(':id/replies')
  @Access('conversations:write')
  @IdempotencyKeyHeader('reply-1')
  @Operation({
    id: 'replyToConversation',
    summary: 'Answer the client',
    description:
      'Stores the reply, cancels what is pending for the conversation and resolves its escalation in one transaction. ' +
      'A repeated request with an idempotency key gets the first answer again, also when the conversation is closed since.',
    status: 201,
    answers: {
      201: { description: 'The reply.', schema: messageSchema, example: EXAMPLE_REPLY },
      200: {
        description: 'A repetition of an earlier request: its reply.',
        schema: messageSchema,
        example: EXAMPLE_REPLY,
        headers: ['Idempotent-Replayed'],
      },
    },
    problems: { ...CHANGES, ...KEY_PROBLEMS },
  })
  async reply(
    @Param('id', { schema: conversationId }) id: string,
    @Body({ schema: replySchema }) body: Reply,
    @CurrentKey() key: RequestKey | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<MessageView> {
    return answerOnce(await this.conversations.reply(id, body, key), reply);
  }

  @Post(':id/close')
  @Access('conversations:write')
  @Operation({
    id: 'closeConversation',
    summary: 'Close a conversation',
    description:
      'Cancels what is pending for it and resolves its escalation. A later message of the client opens a new one.',
    status: 200,
    answers: {
      200: {
        description: 'The closed conversation.',
        schema: conversationSchema,
        example: {
          ...EXAMPLE_CONVERSATION,
          status: 'closed',
          waitingSince: null,
          closedAt: '2026-11-21T09:30:00.000Z',
          closeReason: 'solved',
        },
      },
    },
    problems: CHANGES,
  })
  close(
    @Param('id', { schema: conversationId }) id: string,
    @Body({ schema: closeSchema }) body: Close,
  ): Promise<ConversationView> {
    return this.conversations.close(id, body);
  }

  @Post(':id/priority')
  @Access('conversations:write')
  @Operation({
    id: 'prioritiseConversation',
    summary: 'Set the priority of a conversation',
    description:
      'Where the client waits, the reminders are those of the new priority, counted from now; where it is escalated, ' +
      'so is its place in the queue.',
    status: 200,
    answers: {
      200: {
        description: 'The conversation.',
        schema: conversationSchema,
        example: { ...EXAMPLE_CONVERSATION, priority: 'high' },
      },
    },
    problems: CHANGES,
  })
  prioritise(
    @Param('id', { schema: conversationId }) id: string,
    @Body({ schema: prioritiseSchema }) body: Prioritise,
  ): Promise<ConversationView> {
    return this.conversations.prioritise(id, body.priority);
  }
}
