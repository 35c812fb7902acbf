import { Body, Controller, Get, Param, Put } from '@nestjs/common';
import { Access } from '../auth/access.js';
import type { Priority } from '../conversations/priority.js';
import { ApiTag } from '../http/api-documentation.js';
import { BODY_PROBLEMS, Operation } from '../http/api-operation.js';
import type { Page } from '../http/pagination.js';
import { RateLimit } from '../http/rate-limits/rate-limit.guard.js';
import {
  type ChangedPolicyView,
  type ChangePolicy,
  changedPolicySchema,
  changePolicySchema,
  EXAMPLE_POLICY,
  policyPrioritySchema,
  type ReminderPolicyView,
  reminderPolicyPageSchema,
} from './reminder-policy.schemas.js';
import { ReminderPolicyService } from './reminder-policy.service.js';
import { ReminderPolicyCache } from './reminder-policy-cache.js';

@ApiTag('Reminders')
@Controller('api/reminder-policies')
@RateLimit('messages')
export class ReminderPolicyController {
  constructor(
    private readonly policies: ReminderPolicyCache,
    private readonly service: ReminderPolicyService,
  ) {}

  @Get()
  @Access('messages:read')
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
  async list(): Promise<Page<ReminderPolicyView>> {
    return { data: await this.policies.list(), nextCursor: null };
  }

  @Put(':priority')
  @Access('reminders:manage')
  @Operation({
    id: 'changeReminderPolicy',
    summary: 'Change a reminder policy',
    description:
      'Messages that come in are planned by it from now on, and the pending reminders of conversations that wait are recalculated, counted from the message that their delays count from. What was sent stays sent; what would have been due already is due now, once.',
    status: 200,
    answers: {
      200: {
        description: 'The policy, and what the change did.',
        schema: changedPolicySchema,
        example: { ...EXAMPLE_POLICY, recalculated: { conversations: 17, reminders: 42 } },
      },
    },
    problems: BODY_PROBLEMS,
  })
  change(
    @Param('priority', { schema: policyPrioritySchema }) priority: Priority,
    @Body({ schema: changePolicySchema }) body: ChangePolicy,
  ): Promise<ChangedPolicyView> {
    return this.service.change(priority, body);
  }
}
