import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Access } from '../auth/access.js';
import { Operation } from '../http/api-operation.js';
import type { Page } from '../http/pagination.js';
import { RateLimit } from '../http/rate-limits/rate-limit.guard.js';
import { ReminderRepository } from './reminder.repository.js';
import {
  EXAMPLE_POLICY,
  EXAMPLE_REMINDER,
  type ListReminders,
  listRemindersSchema,
  type ReminderPolicyView,
  type ReminderView,
  reminderPageSchema,
  reminderPolicyPageSchema,
} from './reminder.schemas.js';
import { ReminderPolicies } from './reminder-policies.js';

@ApiTags('Reminders')
@Controller('api')
@RateLimit('messages')
@Access('messages:read')
export class ReminderController {
  constructor(
    private readonly reminders: ReminderRepository,
    private readonly policies: ReminderPolicies,
  ) {}

  @Get('reminders')
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

  @Get('reminder-policies')
  @Operation({
    id: 'listReminderPolicies',
    summary: 'List the reminder policies',
    description: 'One for each priority, most urgent first.',
    status: 200,
    answers: {
      200: {
        description: 'The policies.',
        schema: reminderPolicyPageSchema,
        example: { data: [EXAMPLE_POLICY], nextCursor: null },
      },
    },
  })
  async listPolicies(): Promise<Page<ReminderPolicyView>> {
    return { data: await this.policies.list(), nextCursor: null };
  }
}
