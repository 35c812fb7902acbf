import { ApiClient } from '../support/api-client.js';
import { eventually } from '../support/eventually.js';
import { ask } from '../support/replicated-postgres.js';
import { WebhookReceiver } from '../support/webhook-receiver.js';
import { Installation, ROLES } from './installation.js';
import { Visitor } from './visitor.js';

export interface RolloutOptions {
  /** How often every process is restarted. */
  readonly rounds: number;
  readonly visitors: number;
  /** An empty folder: the logs go here. */
  readonly folder: string;
  /** Told of each restart. */
  readonly onRestart?: (name: string, requests: number) => void;
}

/** What a run did, and what it found. */
export interface RolloutSummary {
  readonly seconds: number;
  readonly restarts: number;
  readonly requests: number;
  readonly messages: number;
  readonly webhooks: number;
  /** Statements that the replica answered, and how many of them read messages. */
  readonly readsOfReplica: number;
  /** What did not go as if nothing were restarted; empty, if all is well. */
  readonly faults: readonly string[];
}

/** Restarts each process in turn, again and again, while visitors write and read and an endpoint is told of it. */
export async function runRolloutTest(options: RolloutOptions): Promise<RolloutSummary> {
  const installation = await Installation.start(options.folder);
  const receiver = await WebhookReceiver.start();
  const administrator = new ApiClient(installation.service.url, installation.adminApiKey);
  try {
    const endpoint = await administrator.post<{ secret: string }>('/api/webhooks', {
      url: receiver.url('/hook'),
      eventTypes: ['message.received'],
    });
    receiver.trust('/hook', endpoint.body.secret);
    const started = performance.now();
    const visitors = await Promise.all(
      Array.from({ length: options.visitors }, (_, number) =>
        Visitor.create(administrator, installation.service.url, number),
      ),
    );
    let isOver = false;
    const visits = visitors.map((visitor) => visitor.visit(() => isOver));
    // One who only reads is read to from the replica, while the others write.
    const reader = await Visitor.create(administrator, installation.service.url, options.visitors);
    visits.push(reader.watch(() => isOver));
    const restarts = await restartAll(installation, options, () =>
      sum(visitors.map(({ requests }) => requests)),
    );
    isOver = true;
    await Promise.all(visits);
    const accepted = visitors.flatMap((visitor) => visitor.accepted);
    const unsent = `select from deliveries where outcome is null union all
                    select from events where position > (select position from event_fan_out)`;
    await eventually(
      () => ask(installation.postgres.url, unsent),
      (left) => left.length === 0,
    );
    const stored = await ask<{ id: string }>(
      installation.postgres.url,
      `select id from messages where direction = 'inbound'`,
    );
    return {
      seconds: (performance.now() - started) / 1000,
      restarts,
      requests: sum([...visitors, reader].map(({ requests }) => requests)),
      messages: stored.length,
      webhooks: receiver.count,
      readsOfReplica: await readsOf(installation.postgres.replicaUrl),
      faults: [
        ...[...visitors, reader].flatMap(({ faults }) => faults),
        ...differences(
          'stored',
          accepted,
          stored.map(({ id }) => id),
        ),
        ...differences(
          'told',
          accepted,
          receiver.requests.map(({ body }) => JSON.parse(body.toString()).data.messageId),
        ),
        ...receiver.requests.flatMap(({ isVerified }) => (isVerified ? [] : ['a signature was wrong'])),
      ],
    };
  } finally {
    administrator.close();
    await receiver.close();
    await installation.stop();
  }
}

async function restartAll(
  installation: Installation,
  { rounds, onRestart }: RolloutOptions,
  requests: () => number,
): Promise<number> {
  let restarts = 0;
  for (let round = 0; round < rounds; round++) {
    for (const role of ROLES) {
      for (const number of [1, 2]) {
        await installation.restart(role, number);
        restarts++;
        onRestart?.(`${role} ${number}`, requests());
      }
    }
  }
  return restarts;
}

/** What is missing of what was accepted, and what is there that was not, or is there twice. */
export function differences(
  what: string,
  accepted: readonly string[],
  found: readonly string[],
): readonly string[] {
  const wanted = new Set(accepted);
  const seen = new Set<string>();
  const faults: string[] = [];
  for (const id of found) {
    if (!wanted.has(id)) faults.push(`${id} was ${what} and never accepted`);
    if (seen.has(id)) faults.push(`${id} was ${what} twice`);
    seen.add(id);
  }
  for (const id of wanted) if (!seen.has(id)) faults.push(`${id} was accepted and never ${what}`);
  return faults;
}

/** How many rows of messages and conversations the replica has shown. */
async function readsOf(replicaUrl: string): Promise<number> {
  const [row] = await ask<{ reads: number }>(
    replicaUrl,
    `select sum(coalesce(idx_scan, 0) + seq_scan)::int as reads from pg_stat_user_tables
      where relname in ('messages', 'conversations', 'events')`,
  );
  return row?.reads ?? 0;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
