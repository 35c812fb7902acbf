import { z } from 'zod';
import { isTimezone } from './offset-periods.js';
import { type OpeningInterval, timeOfDay, WEEKDAYS, type Weekday } from './opening-rules.js';

const MAX_INTERVALS = 24;
const MAX_HOLIDAYS = 1000;

const opensSchema = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time from 00:00 to 23:59, such as 09:00');
const closesSchema = z
  .string()
  .regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, 'must be a time from 00:01 to 24:00, such as 18:00');

/** JSON Schema's way to say that there are two; zod says only what each of them is. */
const TWO = { minItems: 2, maxItems: 2, items: false } as const;

const daySchema = z
  .array(
    z
      .tuple([opensSchema, closesSchema], 'must be two times, such as ["09:00", "18:00"]')
      .refine(
        ([opens, closes]) => timeOfDay(opens) < timeOfDay(closes),
        'must end after it begins; what goes on after midnight belongs to the next day',
      )
      .meta(TWO),
  )
  .max(MAX_INTERVALS)
  .overwrite((intervals) => intervals.toSorted(byOpening))
  .superRefine((intervals, context) => {
    intervals.forEach(([opens, closes], index) => {
      const previous = intervals[index - 1];
      if (!previous || timeOfDay(opens) >= timeOfDay(previous[1])) return;
      const [both, other] = [`${opens}–${closes}`, `${previous[0]}–${previous[1]}`];
      context.addIssue({ code: 'custom', message: `must not overlap, as ${other} and ${both} do` });
    });
  })
  .describe('from when to when, sorted; none: a day off');

const weekSchema = z
  .strictObject(Object.fromEntries(WEEKDAYS.map((day) => [day, daySchema.optional()])) as DaySchemas)
  .refine(
    (week) => Object.values(week).some((intervals) => intervals && intervals.length > 0),
    'must have one interval at least: without opening hours no reminder would ever come due',
  );

type DaySchemas = Record<Weekday, z.ZodOptional<typeof daySchema>>;

export const businessHoursSchema = z.strictObject({
  timezone: z
    .string()
    .max(64)
    .refine(isTimezone, 'must be an IANA time zone, such as Europe/Riga')
    .describe('the IANA time zone whose clocks count'),
  week: weekSchema.describe('the intervals of each weekday; one that is left out is a day off'),
  holidays: z
    .array(z.iso.date('must be a date that exists, such as 2026-12-31'))
    .max(MAX_HOLIDAYS)
    .overwrite((dates) => [...new Set(dates)].sort())
    .optional()
    .describe('dates on which nobody works'),
});

const dayViewSchema = z.array(z.tuple([z.string(), z.string()]).meta(TWO)).optional();

/** As it is shown: checked already. */
export const businessHoursViewSchema = z
  .object({
    timezone: z.string().describe('the IANA time zone whose clocks count'),
    week: z
      .object(
        Object.fromEntries(WEEKDAYS.map((day) => [day, dayViewSchema])) as Record<
          Weekday,
          typeof dayViewSchema
        >,
      )
      .describe('the intervals of each weekday; one that is left out is a day off'),
    holidays: z.array(z.iso.date()).describe('dates on which nobody works'),
  })
  .meta({ id: 'BusinessHours' });

function byOpening([a]: OpeningInterval, [b]: OpeningInterval): number {
  return timeOfDay(a) - timeOfDay(b);
}
