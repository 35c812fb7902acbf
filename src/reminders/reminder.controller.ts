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
  type CreateReminder,
  createReminderSchema,
  EXAMPLE_MANUAL_REMINDER,
  EXAMPLE_REMINDER,
  type ListReminders,
  listRemindersSchema,
  type ReminderView,
  reminderPageSchema,
  reminderSchema,
} from './reminder.schemas.js';
import { ReminderService } from './reminder.service.js';

const reminderId = idOf('reminder', EXAMPLE_REMINDER.id);
const conversationId = idOf('conversation', EXAMPLE_REMINDER.conversationId);
const MISSING = missing('reminder', EXAMPLE_REMINDER.id);

@ApiTag('Reminders')
@Controller('api')
@RateLimit('messages')
export class ReminderController {
  constructor(private readonly reminders: ReminderService) {}

  @Get('reminders')
  @Access('messages:read')
  @Operation({
    id: 'listReminders',
    summary: 'List reminders',
    description: 'The next one due first.',
    status: 200,
    answers: {
      200: {
        description: 'A page of reminders.',
        schema: reminderPageSchema,
        example: { data: [EXAMPLE_REMINDER], nextCursor: null },
      },
    },
  })
  list(@Query({ schema: listRemindersSchema }) query: ListReminders): Promise<Page<ReminderView>> {
    return this.reminders.list(query);
  }

  @Post('conversations/:id/reminders')
  @Access('conversations:write')
  @IdempotencyKeyHeader('reminder-1')
  @Operation({
    id: 'createReminder',
    summary: 'Remind the team at a given time',
    description:
      'Whether the client waits or not; only a reply, a closing or a person cancels it. A repeated request with an ' +
      'idempotency key gets the first answer again, whatever became of the reminder since.',
    status: 201,
    answers: {
      201: { description: 'The reminder.', schema: reminderSchema, example: EXAMPLE_MANUAL_REMINDER },
      200: {
        description: 'A repetition of an earlier request: its reminder, as it was then.',
        schema: reminderSchema,
        example: EXAMPLE_MANUAL_REMINDER,
        headers: ['Idempotent-Replayed'],
      },
    },
    problems: {
      ...missing('conversation', EXAMPLE_REMINDER.conversationId),
      409: {
        when: 'The conversation is closed.',
        code: 'conversation_closed',
        detail: `The conversation ${EXAMPLE_REMINDER.conversationId} is closed.`,
      },
      ...BODY_PROBLEMS,
      ...KEY_PROBLEMS,
    },
  })
  async create(
    @Param('id', { schema: conversationId }) id: string,
    @Body({ schema: createReminderSchema }) body: CreateReminder,
    @CurrentKey() key: RequestKey | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ReminderView> {
    return answerOnce(await this.reminders.create(id, body, key), reply);
  }

  @Post('reminders/:id/cancel')
  @Access('reminders:manage')
  @Operation({
    id: 'cancelReminder',
    summary: 'Cancel a reminder',
    description:
      'Where the client would then wait with nothing to come, the next reminder of the policy is planned, or the ' +
      'conversation is escalated if the policy does not repeat.',
    status: 200,
    answers: {
      200: {
        description: 'The cancelled reminder.',
        schema: reminderSchema,
        example: {
          ...EXAMPLE_REMINDER,
          status: 'cancelled',
          cancelledAt: '2026-11-21T09:02:00.000Z',
          cancelReason: 'by_hand',
        },
      },
    },
    problems: {
      ...MISSING,
      409: {
        when: 'It is not pending any more, or its conversation is closed (`conversation_closed`).',
        code: 'reminder_not_pending',
        detail: `The reminder ${EXAMPLE_REMINDER.id} is not pending.`,
      },
    },
  })
  cancel(@Param('id', { schema: reminderId }) id: string): Promise<ReminderView> {
    return this.reminders.cancel(id);
  }

  @Post('reminders/:id/retry')
  @Access('reminders:manage')
  @Operation({
    id: 'retryReminder',
    summary: 'Try a failed reminder again',
    description: 'At once, and as often as a new one.',
    status: 200,
    answers: {
      200: { description: 'The reminder, pending.', schema: reminderSchema, example: EXAMPLE_REMINDER },
    },
    problems: {
      ...MISSING,
      409: {
        when: 'It has not failed, or its conversation is closed (`conversation_closed`).',
        code: 'reminder_not_failed',
        detail: `The reminder ${EXAMPLE_REMINDER.id} has not failed.`,
      },
    },
  })
  retry(@Param('id', { schema: reminderId }) id: string): Promise<ReminderView> {
    return this.reminders.retry(id);
  }
}
