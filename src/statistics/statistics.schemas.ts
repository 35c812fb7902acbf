import { z } from 'zod';

const HOUR = 60 * 60 * 1_000;

/** Longest time that one answer is about: a leap year and a day. */
export const LONGEST = 367 * 24 * HOUR;

const time = (what: string, example: string) =>
  z.iso.datetime({ offset: true }).optional().describe(what).meta({ example });

export const statisticsQuerySchema = z
  .strictObject({
    since: time(
      'from the beginning of this hour; 24 hours before `until` if left out',
      '2026-11-21T00:00:00Z',
    ),
    until: time('to the end of this hour; the present one if left out', '2026-11-21T09:30:00Z'),
  })
  .superRefine(({ since, until }, context) => {
    if (since === undefined || until === undefined || Date.parse(since) <= Date.parse(until)) return;
    context.addIssue({ code: 'custom', path: ['since'], message: 'must not be after until' });
  });

export type StatisticsQuery = z.infer<typeof statisticsQuerySchema>;

const number = (what: string) => z.int().min(0).describe(what);

const by = (what: string) =>
  z
    .record(z.string(), z.int().min(0))
    .describe(`${what}; the 50 most frequent, all further ones under \`other\``);

const duration = (what: string) =>
  z
    .object({
      count: number('how many there were'),
      medianMs: z.int().nullable().describe('half of them took no longer, within 5 %; null: there was none'),
      p90Ms: z.int().nullable().describe('nine of ten took no longer, within 5 %; null: there was none'),
    })
    .describe(what);

export const statisticsSchema = z
  .object({
    since: z.iso.datetime().describe('the beginning of the first hour that was counted'),
    until: z.iso.datetime().describe('the end of the last hour that was counted'),
    countedUntil: z.iso
      .datetime()
      .nullable()
      .describe('when the last event that was counted happened; null: none was yet'),
    messages: z.object({
      inbound: number('from clients'),
      outbound: number('answers to clients'),
      byChannel: by('messages of clients, by where they came from'),
      byPriority: by('messages of clients, by how urgent the triage found them'),
      byCategory: by('messages of clients, by what the triage found them to be about'),
      byAuthor: by('answers, by who wrote them'),
    }),
    conversations: z.object({
      opened: number('conversations that began'),
      closed: number('conversations that ended'),
      closedByReason: by('why they ended; other: what is more than a plain word'),
      openNow: number('those that are not closed, whenever they began'),
      waitingNow: number('those of them whose client waits for an answer'),
      firstResponse: duration('from the beginning to the first answer, by the hour of the answer'),
      resolution: duration('from the beginning to the end, by the hour of the end'),
    }),
    reminders: z.object({
      sent: number('the team was reminded'),
      cancelled: number('lost their reason before they were due'),
      cancelledByReason: by('why'),
      failed: number('could not be sent'),
    }),
    escalations: z.object({
      opened: number('conversations that came into the queue'),
      openedByReason: by('why'),
      claimed: number('taken by operators'),
      released: number('given back to the queue'),
      resolved: number('answered or closed'),
      openNow: number('in the queue or with an operator'),
      timeToClaim: duration('from coming into the queue to the first claim, by the hour of the claim'),
    }),
    webhooks: z.object({
      delivered: number('deliveries that endpoints took'),
      failed: number('deliveries that endpoints refused for good'),
      dead: number('deliveries that were given up after the last attempt'),
    }),
    triage: z.object({
      decided: number('messages that were triaged'),
      unknown: number('those of them whose category the triage did not know'),
      unknownShare: z.number().min(0).max(1).nullable().describe('of all; null: there was no message'),
      corrected: number('corrections by the team'),
    }),
  })
  .meta({ id: 'Statistics' });

export type StatisticsView = z.infer<typeof statisticsSchema>;

export const EXAMPLE_STATISTICS: StatisticsView = {
  since: '2026-11-20T10:00:00.000Z',
  until: '2026-11-21T10:00:00.000Z',
  countedUntil: '2026-11-21T09:29:58.120Z',
  messages: {
    inbound: 1200,
    outbound: 840,
    byChannel: { api: 900, email: 300 },
    byPriority: { normal: 700, low: 300, high: 150, urgent: 50 },
    byCategory: { delivery_period: 400, unknown: 120, lost_or_stolen_card: 50, other: 630 },
    byAuthor: { operator: 600, assistant: 240 },
  },
  conversations: {
    opened: 500,
    closed: 480,
    closedByReason: { solved: 300, idle: 180 },
    openNow: 65,
    waitingNow: 12,
    firstResponse: { count: 470, medianMs: 184_000, p90Ms: 1_260_000 },
    resolution: { count: 480, medianMs: 5_400_000, p90Ms: 82_000_000 },
  },
  reminders: { sent: 90, cancelled: 1400, cancelledByReason: { replied: 1200, closed: 200 }, failed: 0 },
  escalations: {
    opened: 55,
    openedByReason: { triage: 50, manual: 5 },
    claimed: 54,
    released: 2,
    resolved: 52,
    openNow: 3,
    timeToClaim: { count: 53, medianMs: 41_000, p90Ms: 190_000 },
  },
  webhooks: { delivered: 5200, failed: 1, dead: 0 },
  triage: { decided: 1200, unknown: 120, unknownShare: 0.1, corrected: 6 },
};

/** Down to the beginning of its hour. */
export function hourOf(at: number): number {
  return Math.floor(at / HOUR) * HOUR;
}

/** Up to the end of its hour; what is on the hour is the end of the one before. */
export function endOfHour(at: number): number {
  return Math.ceil(at / HOUR) * HOUR;
}
