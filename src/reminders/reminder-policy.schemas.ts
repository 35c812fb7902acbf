import { z } from 'zod';
import { parseDuration } from '../config/duration.js';
import { PRIORITIES, prioritySchema } from '../conversations/priority.js';
import { pageOf } from '../http/pagination.js';
import { businessHoursSchema, businessHoursViewSchema } from './business-hours/business-hours.schemas.js';

const SHORTEST = 'PT0.1S';
const LONGEST = 'P90D';

/** How many reminders a policy may plan at once. */
const MAX_DELAYS = 20;

const durationSchema = z
  .string()
  .refine(
    isWithinRange,
    `must be an ISO 8601 duration of weeks, days, hours, minutes and seconds from ${SHORTEST} to ${LONGEST}, such as PT15M`,
  );

const delaysSchema = z
  .array(durationSchema)
  .min(1, 'must have one delay at least: a conversation that waits is never without a reminder')
  .max(MAX_DELAYS, `must have at most ${MAX_DELAYS} delays; repeatEvery goes on after the last of them`)
  .superRefine((delays, context) => {
    delays.forEach((delay, index) => {
      const previous = delays[index - 1];
      if (previous === undefined || milliseconds(delay) > milliseconds(previous)) return;
      context.addIssue({
        code: 'custom',
        path: [index],
        message: `must be longer than the delay before it, ${previous}`,
      });
    });
  });

/** The `{priority}` of a path. */
export const policyPrioritySchema = z
  .enum(PRIORITIES, `must be one of ${PRIORITIES.join(', ')}`)
  .describe('the priority that the policy is for')
  .meta({ example: 'normal' });

export const changePolicySchema = z
  .strictObject({
    delays: delaysSchema.describe('ISO 8601 durations from the message that started the waiting'),
    repeatEvery: durationSchema
      .nullable()
      .describe('after the last of them, again and again until somebody answers; null: never'),
    escalateAtLevel: z
      .int()
      .min(1, 'must be 1 or more: the first reminder has the level 1')
      .max(1000)
      .nullable()
      .describe(
        'from which reminder on the conversation is escalated, not above the number of delays where `repeatEvery` is ' +
          'null; null: after the last one, if none follows',
      ),
    businessHours: businessHoursSchema
      .nullable()
      .optional()
      .describe('the only times that count, and at which reminders come due; null or left out: all'),
  })
  .superRefine(({ delays, repeatEvery, escalateAtLevel }, context) => {
    if (repeatEvery !== null || escalateAtLevel === null || escalateAtLevel <= delays.length) return;
    context.addIssue({ code: 'custom', path: ['escalateAtLevel'], message: outOfReach(delays.length) });
  })
  .meta({
    id: 'ChangeReminderPolicy',
    example: {
      delays: ['PT30M', 'PT2H'],
      repeatEvery: 'PT4H',
      escalateAtLevel: 2,
      businessHours: {
        timezone: 'Europe/Riga',
        week: {
          mon: [
            ['09:00', '13:00'],
            ['14:00', '18:00'],
          ],
          fri: [['09:00', '16:30']],
        },
        holidays: ['2026-12-31'],
      },
    },
  });

export type ChangePolicy = z.infer<typeof changePolicySchema>;

export const reminderPolicySchema = z
  .object({
    priority: prioritySchema,
    delays: z.array(z.string()).describe('ISO 8601 durations from the message that started the waiting'),
    repeatEvery: z
      .string()
      .nullable()
      .describe('after the last of them, again and again until somebody answers'),
    escalateAtLevel: z.int().nullable().describe('from which reminder on the conversation is escalated'),
    businessHours: businessHoursViewSchema
      .nullable()
      .describe('the only times that count, and at which reminders come due; null: all'),
  })
  .meta({ id: 'ReminderPolicy' });

export type ReminderPolicyView = z.infer<typeof reminderPolicySchema>;

export const reminderPolicyPageSchema = pageOf(reminderPolicySchema, 'ReminderPolicyPage');

export const changedPolicySchema = reminderPolicySchema
  .extend({
    recalculated: z
      .object({
        conversations: z.int().describe('waiting conversations that have other reminders now'),
        reminders: z.int().describe('reminders that were moved, added or cancelled'),
      })
      .describe('what the change did to conversations that wait'),
  })
  .meta({ id: 'ChangedReminderPolicy' });

export type ChangedPolicyView = z.infer<typeof changedPolicySchema>;

export const EXAMPLE_POLICY: ReminderPolicyView = {
  priority: 'urgent',
  delays: ['PT5M', 'PT15M', 'PT1H'],
  repeatEvery: 'PT1H',
  escalateAtLevel: 1,
  businessHours: null,
};

function outOfReach(last: number): string {
  return (
    `must be ${last} or less, or null: without repeatEvery, the reminder of level ${last} is the last, and it always ` +
    'escalates; for a higher level, give repeatEvery'
  );
}

function isWithinRange(duration: string): boolean {
  const length = milliseconds(duration);
  return length >= milliseconds(SHORTEST) && length <= milliseconds(LONGEST);
}

/** NaN where it is no duration: nothing is longer or shorter than that. */
function milliseconds(duration: string): number {
  return parseDuration(duration) ?? Number.NaN;
}
