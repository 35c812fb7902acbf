import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom } from '../../src/triage/training/seeded-random.js';
import { Fleet, MISHAPS, type Mishap } from '../support/fleet.js';
import { type Deeds, Team } from '../support/team.js';
import { brokenReminderInvariants } from './reminder-invariants.js';

export interface ReminderCrashOptions {
  readonly kills: number;
  /** The same seed makes the same deeds and kills, as far as time allows. */
  readonly seed: number;
  readonly conversations: number;
  readonly workers: number;
  /** How many requests the team has under way at once. */
  readonly parallel: number;
  /** An empty folder: the data directory and the logs go here. */
  readonly folder: string;
  /** Told of each kill. */
  readonly onKill?: (number: number, mishap: Mishap, sent: number) => void;
}

/** What a run did, and what it found. Times are milliseconds. */
export interface ReminderCrashSummary {
  readonly seconds: number;
  readonly deeds: Deeds;
  readonly kills: number;
  readonly sent: number;
  readonly cancelled: number;
  /** Reminders that were sent after the lease of a worker had ended that did not live to send them. */
  readonly takenOver: number;
  readonly escalations: number;
  readonly lateness: { readonly p50: number; readonly p99: number; readonly max: number };
  /** What was promised and not kept; empty, if all is well. */
  readonly faults: readonly string[];
}

const WORKER_SETTINGS = {
  // Leases end soon, so that a run sees many of them taken over.
  REMINDER_LEASE: 'PT1S',
  REMINDER_POLL_INTERVAL: 'PT0.5S',
  REMINDER_BATCH_SIZE: '20',
};

const CLAIMED = `select from reminders
                  where coalesce(sent_at, cancelled_at, failed_at) is null and leased_until > now() limit 1`;

/** The longest time between two kills. */
const LONGEST_PEACE = 900;

/** How long everything may take to come to rest. */
const REST_LIMIT = 60_000;

/** Kills workers while they remind, and then proves what they promised meanwhile. */
export async function runReminderCrashTest(options: ReminderCrashOptions): Promise<ReminderCrashSummary> {
  const random = seededRandom(options.seed);
  const startedAt = performance.now();
  const fleet = await Fleet.start({
    folder: options.folder,
    workers: options.workers,
    workerSettings: WORKER_SETTINGS,
    claimed: CLAIMED,
  });
  try {
    const team = new Team(fleet.api, options.seed, options.parallel);
    await team.begin(options.conversations);
    const work = team.work();
    // What goes wrong there ends the run below, and not this process.
    work.catch(() => undefined);
    for (let number = 0; number < options.kills; number++) {
      await delay(random() * LONGEST_PEACE);
      const mishap = MISHAPS[number % MISHAPS.length] ?? 'worker';
      await fleet.strike(mishap, random);
      options.onKill?.(number + 1, mishap, await countSent(fleet));
    }
    await team.rest();
    await work;
    const faults = await untilAtRest(fleet);
    const seconds = (performance.now() - startedAt) / 1_000;
    return { ...(await figures(fleet)), seconds, deeds: team.deeds, kills: options.kills, faults };
  } finally {
    await fleet.stop();
  }
}

async function countSent(fleet: Fleet): Promise<number> {
  const [row] = await fleet.query<{ sent: number }>(
    "select count(*)::int as sent from events where type = 'reminder.due'",
  );
  return row?.sent ?? 0;
}

/** Waits until nothing is due and nothing leased, and looks at what was left behind. */
async function untilAtRest(fleet: Fleet): Promise<string[]> {
  for (const deadline = Date.now() + REST_LIMIT; ; await delay(100)) {
    const [row] = await fleet.query<{ due: number }>(
      `select count(*)::int as due from reminders
        where coalesce(sent_at, cancelled_at, failed_at) is null
          and (scheduled_at < now() + interval '5 seconds' or leased_until is not null)`,
    );
    if (row?.due === 0) break;
    if (Date.now() > deadline) return [`${row?.due} reminders are due and nobody sends them`];
  }
  return fleet.withConnection((query) => brokenReminderInvariants(query));
}

async function figures(fleet: Fleet) {
  const [row] = await fleet.query<{
    sent: number;
    cancelled: number;
    takenOver: number;
    escalations: number;
    p50: number;
    p99: number;
    max: number;
  }>(
    `with late as (
       select extract(epoch from sent_at - scheduled_at) * 1000 as ms from reminders where sent_at is not null)
     select (select count(*)::int from reminders where sent_at is not null) as sent,
            (select count(*)::int from reminders where cancelled_at is not null) as cancelled,
            (select count(*)::int from late where ms > 900) as "takenOver",
            (select count(*)::int from escalations) as escalations,
            percentile_cont(0.5) within group (order by ms)::float as p50,
            percentile_cont(0.99) within group (order by ms)::float as p99,
            max(ms)::float as max
       from late`,
  );
  if (!row) throw new Error('PostgreSQL gave no figures.');
  const { p50, p99, max, ...counts } = row;
  return { ...counts, lateness: { p50, p99, max } };
}
