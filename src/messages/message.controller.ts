import { Body, Controller, Get, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Access, CurrentCaller } from '../auth/access.js';
import type { Caller } from '../auth/caller.js';
import { ApiTag, RequestHeader } from '../http/api-documentation.js';
import { BODY_PROBLEMS, missing, Operation } from '../http/api-operation.js';
import type { Page } from '../http/pagination.js';
import { idOf } from '../http/path-parameters.js';
import { RateLimit } from '../http/rate-limits/rate-limit.guard.js';
import { idempotencyKey } from '../idempotency/idempotency-key.js';
import { IdempotencyKeyHeader, KEY_PROBLEMS } from '../idempotency/idempotency-operation.js';
import {
  type CorrectTriage,
  correctTriageSchema,
  EXAMPLE_MESSAGE,
  EXAMPLE_RECEIVED,
  type ListMessages,
  listMessagesSchema,
  type MessageView,
  messagePageSchema,
  type ReceivedMessageView,
  type ReceiveMessage,
  receivedMessageSchema,
  receiveMessageSchema,
} from './message.schemas.js';
import { MessageService } from './message.service.js';
import { preferredWait } from './prefer-wait.js';

@ApiTag('Messages')
@Controller('api/messages')
@RateLimit('messages')
export class MessageController {
  constructor(private readonly messages: MessageService) {}

  @Post()
  @Access('messages:write')
  @RequestHeader({
    name: 'Prefer',
    description: 'wait=N holds the answer until a reply is there, or N seconds have passed (at most 30)',
    required: false,
    schema: { type: 'string', examples: ['wait=1'] },
  })
  @IdempotencyKeyHeader('first-1')
  @Operation({
    id: 'receiveMessage',
    summary: 'Take in a message of a client',
    description:
      'Stores the message, its client, its conversation, its reminders and its events in one transaction, with a ' +
      'priority and a category. A repeated request gets the first answer again.',
    status: 201,
    answers: {
      201: {
        description: 'Stored.',
        schema: receivedMessageSchema,
        example: EXAMPLE_RECEIVED,
        headers: ['Preference-Applied'],
      },
      200: {
        description: 'A repetition of an earlier request: its answer, with what it repeats.',
        schema: receivedMessageSchema,
        example: {
          ...EXAMPLE_RECEIVED,
          duplicate: {
            of: EXAMPLE_RECEIVED.id,
            reason: 'idempotency_key',
            firstSeenAt: EXAMPLE_RECEIVED.createdAt,
          },
        },
        headers: ['Idempotent-Replayed', 'Preference-Applied'],
      },
    },
    problems: { ...BODY_PROBLEMS, ...KEY_PROBLEMS },
  })
  async receive(
    @Body({ schema: receiveMessageSchema }) body: ReceiveMessage,
    @CurrentCaller() caller: Caller,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ReceivedMessageView> {
    const wait = preferredWait(request.headers);
    const key = idempotencyKey(request.headers);
    const message = await this.messages.receive(body, { caller, key, wait, gone: hangUp(reply, wait) });
    if (wait > 0) void reply.header('preference-applied', `wait=${wait / 1000}`);
    if (message.duplicate) void reply.status(200).header('idempotent-replayed', 'true');
    return message;
  }

  @Get()
  @Access('messages:read')
  @Operation({
    id: 'listMessages',
    summary: 'List messages',
    description:
      'Newest first; with `after`, what came after that message, oldest first: whoever goes on from the last message that ' +
      'he has read misses none. Messages of different clients are stored side by side, so without `clientId` or ' +
      '`conversationId` it waits for those that came before and are just being stored (MESSAGE_SETTLE_TIME, ' +
      'MESSAGE_SETTLE_WAIT). `/api/events/stream` tells of messages as they come.',
    status: 200,
    answers: {
      200: {
        description: 'A page of messages.',
        schema: messagePageSchema,
        example: { data: [EXAMPLE_MESSAGE], nextCursor: null },
      },
    },
  })
  list(@Query({ schema: listMessagesSchema }) query: ListMessages): Promise<Page<MessageView>> {
    return this.messages.list(query);
  }

  @Get(':id')
  @Access('messages:read')
  @Operation({
    id: 'getMessage',
    summary: 'Read a message',
    description: 'With the reminders that its sender was told of, and the reply to it.',
    status: 200,
    answers: {
      200: { description: 'The message.', schema: receivedMessageSchema, example: EXAMPLE_RECEIVED },
    },
    problems: missing('message', EXAMPLE_MESSAGE.id),
  })
  find(
    @Param('id', { schema: idOf('message', EXAMPLE_MESSAGE.id) }) id: string,
  ): Promise<ReceivedMessageView> {
    return this.messages.find(id);
  }

  @Post(':id/triage')
  @Access('conversations:write')
  @Operation({
    id: 'correctTriage',
    summary: "Correct a message's triage",
    description:
      'Keeps what the priority or the category should have been; `npm run triage:train` learns from it.',
    status: 204,
    answers: { 204: { description: 'Kept.' } },
    problems: { ...missing('message', EXAMPLE_MESSAGE.id), ...BODY_PROBLEMS },
  })
  correct(
    @Param('id', { schema: idOf('message', EXAMPLE_MESSAGE.id) }) id: string,
    @Body({ schema: correctTriageSchema }) body: CorrectTriage,
  ): Promise<void> {
    return this.messages.correct(id, body);
  }
}

const NEVER = new AbortController().signal;

/** A signal for the caller's hanging up; only a request that is held needs one. */
function hangUp(reply: FastifyReply, wait: number): AbortSignal {
  if (wait === 0) return NEVER;
  const controller = new AbortController();
  reply.raw.once('close', () => controller.abort());
  return controller.signal;
}
