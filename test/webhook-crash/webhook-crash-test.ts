import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom } from '../../src/triage/training/seeded-random.js';
import { webhookBody } from '../../src/webhooks/signing/webhook-body.js';
import { Fleet, MISHAPS, type Mishap } from '../support/fleet.js';
import { Team } from '../support/team.js';
import { CrashEndpoints } from './crash-endpoints.js';
import {
  brokenWebhookPromises,
  countDuplicates,
  type Duplicates,
  type StoredEvent,
} from './webhook-proof.js';

export interface WebhookCrashOptions {
  readonly kills: number;
  /** The same seed makes the same deeds and kills, as far as time allows. */
  readonly seed: number;
  readonly conversations: number;
  readonly workers: number;
  /** How many requests the team has under way at once. */
  readonly parallel: number;
  /** An empty folder: the data directory and the logs go here. */
  readonly folder: string;
  /** Told of each kill, with how many requests have arrived. */
  readonly onKill?: (number: number, mishap: Mishap, arrived: number) => void;
}

/** What a run did, and what it found. */
export interface WebhookCrashSummary {
  readonly seconds: number;
  readonly kills: number;
  readonly events: number;
  readonly deliveries: number;
  readonly attempts: number;
  readonly requests: number;
  readonly duplicates: Duplicates;
  /** What was promised and not kept; empty, if all is well. */
  readonly faults: readonly string[];
}

const SETTINGS = {
  WEBHOOK_ALLOW_HTTP: 'true',
  WEBHOOK_ALLOWED_CIDRS: '127.0.0.0/8',
  WEBHOOK_RETRY_SCHEDULE: `PT0.1S,PT0.2S,PT0.3S${',PT0.5S'.repeat(20)}`,
  WEBHOOK_TIMEOUT: 'PT2S',
  // Leases end soon, so that a run sees many of them taken over.
  WEBHOOK_LEASE_MARGIN: 'PT1S',
  WEBHOOK_BREAKER_PAUSE: 'PT0.5S',
  WEBHOOK_CLAIM_INTERVAL: 'PT0.5S',
  EVENT_FAN_OUT_INTERVAL: 'PT0.5S',
  WEBHOOK_CONCURRENCY: '48',
};

const CLAIMED = 'select from deliveries where outcome is null and leased_until > now() limit 1';

/** The longest time between two kills, in milliseconds. */
const LONGEST_PEACE = 900;

/** How long everything may take to come to rest, in milliseconds. */
const REST_LIMIT = 120_000;

/** Kills workers while they deliver, and then proves what they promised meanwhile. */
export async function runWebhookCrashTest(options: WebhookCrashOptions): Promise<WebhookCrashSummary> {
  const { folder, workers, seed } = options;
  const random = seededRandom(seed);
  const startedAt = performance.now();
  const fleet = await Fleet.start({
    folder,
    workers,
    workerSettings: SETTINGS,
    apiSettings: SETTINGS,
    claimed: CLAIMED,
  });
  let endpoints: CrashEndpoints | undefined;
  try {
    endpoints = await CrashEndpoints.start(fleet.api, seededRandom(seed + 2));
    const team = new Team(fleet.api, seed, options.parallel);
    await team.begin(options.conversations);
    const work = team.work();
    // What goes wrong there ends the run below, and not this process.
    work.catch(() => undefined);
    const kills = await strikeAll(fleet, endpoints, random, options);
    await team.rest();
    await work;
    const stuck = await untilAtRest(fleet);
    const events = await readEvents(fleet);
    const evidence = { events, arrivals: endpoints.arrivals, kills };
    const { afterKill, afterLostAnswer } = countDuplicates(evidence);
    return {
      ...(await figures(fleet)),
      seconds: (performance.now() - startedAt) / 1_000,
      kills: kills.length,
      events: events.length,
      requests: endpoints.arrivals.length,
      duplicates: { afterKill, afterLostAnswer },
      faults: [...stuck, ...(await brokenRecords(fleet)), ...brokenWebhookPromises(evidence)],
    };
  } finally {
    await fleet.stop();
    await endpoints?.close();
  }
}

/** @returns when each mishap was */
async function strikeAll(
  fleet: Fleet,
  endpoints: CrashEndpoints,
  random: () => number,
  { kills: count, onKill }: WebhookCrashOptions,
): Promise<number[]> {
  const kills: number[] = [];
  const strike = async (number: number) => {
    await delay(random() * LONGEST_PEACE);
    const mishap = MISHAPS[number % MISHAPS.length] ?? 'worker';
    kills.push(await fleet.strike(mishap, random));
    onKill?.(number + 1, mishap, endpoints.arrivals.length);
  };
  for (let number = 0; number < count; number++) {
    if (number % 3 === 1) await endpoints.outage(() => strike(number));
    else await strike(number);
  }
  return kills;
}

/** Waits until all that happened was told. */
async function untilAtRest(fleet: Fleet): Promise<string[]> {
  for (const deadline = Date.now() + REST_LIMIT; ; await delay(200)) {
    const [row] = await fleet.query<{ pending: number; untold: number }>(
      `select (select count(*)::int from deliveries where outcome is null) as pending,
              (select count(*)::int from events where position > (select position from event_fan_out)) as untold`,
    );
    if (row?.pending === 0 && row.untold === 0) return [];
    if (Date.now() > deadline)
      return [`${row?.pending} deliveries are pending, ${row?.untold} events untold`];
  }
}

async function readEvents(fleet: Fleet): Promise<StoredEvent[]> {
  const rows = await fleet.query<Omit<StoredEvent, 'body'> & { occurredAt: Date; data: string }>(
    `select id, type, conversation_id as "conversationId", occurred_at as "occurredAt", data::text as data
       from events order by position`,
  );
  return rows.map(({ occurredAt, data, ...event }) => ({
    ...event,
    body: webhookBody({ eventType: event.type, occurredAt, data }).toString(),
  }));
}

/** What the database says that must not be. */
async function brokenRecords(fleet: Fleet): Promise<string[]> {
  const [row] = await fleet.query<{ undelivered: number; misnumbered: number; leased: number }>(
    `select count(*) filter (where outcome is distinct from 'delivered')::int as undelivered,
            count(*) filter (where leased_until is not null)::int as leased,
            count(*) filter (where attempts <> (
              select count(*) from attempts where delivery_id = delivery.id and number <= delivery.attempts))::int
              as misnumbered
       from deliveries delivery`,
  );
  return Object.entries(row ?? {}).flatMap(([what, count]) =>
    count === 0 ? [] : [`${count} deliveries are ${what}`],
  );
}

async function figures(fleet: Fleet): Promise<Pick<WebhookCrashSummary, 'deliveries' | 'attempts'>> {
  const [row] = await fleet.query<{ deliveries: number; attempts: number }>(
    `select (select count(*)::int from deliveries) as deliveries, (select count(*)::int from attempts) as attempts`,
  );
  if (!row) throw new Error('PostgreSQL gave no figures.');
  return row;
}
