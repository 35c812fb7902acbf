import { isDeepStrictEqual } from 'node:util';
import pg from 'pg';
import type { ApiClient } from '../support/api-client.js';
import { facts, faultsOfAnswers } from './acknowledged.js';
import { INVARIANTS, PREPARE_INVARIANTS } from './invariants.js';
import { type Answer, acknowledgement, type CallHistory } from './record.js';

const BATCH = 1_000;

/** How many requests the proof has under way at once. */
const PARALLEL = 16;

/**
 * Compares a client's record with what Otklik has: through the API, and row by row in the database.
 *
 * @param replays how many keys are sent once more
 * @returns what is wrong; nothing, if every promise was kept
 */
export async function findFaults(
  histories: readonly CallHistory[],
  api: ApiClient,
  databaseUrl: string,
  replays: number,
): Promise<string[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return [
      ...faultsOfAnswers(histories),
      ...(await faultsOfRows(histories, client)),
      ...(await faultsOfCounts(histories, client)),
      ...(await brokenInvariants(client)),
      ...(await faultsOfReads(histories, api)),
      ...(await faultsOfReplays(histories, api, replays)),
    ];
  } finally {
    await client.end();
  }
}

interface StoredMessage {
  readonly id: string;
  readonly clientId: string;
  readonly conversationId: string;
  readonly content: string;
  readonly direction: string;
  readonly isFirstMessage: boolean | null;
  readonly metadata: unknown;
  readonly createdAt: Date;
}

/** Each acknowledged message, reply and closing is there, as it was acknowledged. */
async function faultsOfRows(histories: readonly CallHistory[], client: pg.Client): Promise<string[]> {
  const faults: string[] = [];
  for (const batch of batches(
    acknowledged(histories).filter(({ history }) => history.call.action !== 'close'),
  )) {
    const { rows } = await client.query<StoredMessage>(
      `select id, client_id as "clientId", conversation_id as "conversationId", content, direction,
              is_first as "isFirstMessage", metadata, created_at as "createdAt"
         from messages where id = any($1)`,
      [batch.map(({ answer }) => answer.body.id)],
    );
    const stored = new Map(rows.map((row) => [row.id, { ...row, createdAt: row.createdAt.toISOString() }]));
    for (const { history, answer } of batch) {
      const row = stored.get(String(answer.body.id));
      if (!row)
        faults.push(`call ${history.call.number}: message ${answer.body.id} was acknowledged and is gone`);
      else if (Object.entries(row).some(([field, value]) => !isDeepStrictEqual(value, answer.body[field]))) {
        faults.push(
          `call ${history.call.number}: ${JSON.stringify(row)} is not ${JSON.stringify(answer.body)}`,
        );
      }
    }
  }
  const closings = acknowledged(histories).filter(({ history }) => history.call.action === 'close');
  const { rows } = await client.query<{ id: string }>(
    "select id from conversations where id = any($1) and status = 'closed'",
    [closings.map(({ answer }) => answer.body.id)],
  );
  const closed = new Set(rows.map(({ id }) => id));
  for (const { answer } of closings) {
    if (!closed.has(String(answer.body.id)))
      faults.push(`conversation ${answer.body.id} was closed and is not`);
  }
  return faults;
}

/** Nothing is there that nobody asked for: no row without a call, one message and one record for each key. */
async function faultsOfCounts(histories: readonly CallHistory[], client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ content: string }>('select content from messages');
  const keys = await client.query<{ key: string }>('select key from idempotency_records');
  const asked = new Set(histories.map(({ call }) => call.body.content));
  const used = new Set(histories.map(({ call }) => call.key));
  const faults = rows
    .filter(({ content }) => !asked.has(content))
    .map(({ content }) => `a message is stored that nobody sent: ${content}`);
  for (const { key } of keys.rows) if (!used.has(key)) faults.push(`key ${key} is stored and was never used`);
  const expected = histories.filter(({ call }) => call.key !== undefined).length;
  if (keys.rows.length !== expected)
    faults.push(`${expected} keys were used, ${keys.rows.length} are stored`);
  return faults;
}

async function brokenInvariants(client: pg.Client): Promise<string[]> {
  await client.query(PREPARE_INVARIANTS);
  const faults: string[] = [];
  for (const { rule, sql } of INVARIANTS) {
    const { rows } = await client.query<{ id: string }>(sql);
    if (rows.length > 0) {
      const some = rows.slice(0, 3).map(({ id }) => id);
      faults.push(`not true: ${rule} (${rows.length} times: ${some.join(', ')})`);
    }
  }
  return faults;
}

/** The API shows each acknowledged message as it was acknowledged, reminders included. */
async function faultsOfReads(histories: readonly CallHistory[], api: ApiClient): Promise<string[]> {
  const messages = acknowledged(histories).filter(({ history }) => history.call.action === 'message');
  return inParallel(messages, async ({ history, answer }) => {
    const shown = await api.get<Answer['body']>(`/api/messages/${answer.body.id}`);
    // The reply came later than the acknowledgement.
    const expected = { ...facts(answer), reply: shown.body.reply };
    if (shown.status === 200 && isDeepStrictEqual(facts(shown), expected)) return undefined;
    return `call ${history.call.number}: shown as ${shown.status} ${JSON.stringify(shown.body)}, not as ${JSON.stringify(answer.body)}`;
  });
}

/** A key that is used once more gets the same answer again. */
async function faultsOfReplays(
  histories: readonly CallHistory[],
  api: ApiClient,
  count: number,
): Promise<string[]> {
  const keyed = acknowledged(histories).filter(({ history }) => history.call.key !== undefined);
  const step = Math.max(1, Math.floor(keyed.length / count));
  const chosen = keyed.filter((_, index) => index % step === 0);
  return inParallel(chosen, async ({ history: { call }, answer }) => {
    const replayed = await api.post<Answer['body']>(call.path, call.body, {
      'idempotency-key': call.key ?? '',
    });
    if (replayed.status === 200 && isDeepStrictEqual(facts(replayed), facts(answer))) return undefined;
    return `call ${call.number}: replayed as ${replayed.status} ${JSON.stringify(replayed.body)}, not as ${JSON.stringify(answer.body)}`;
  });
}

function acknowledged(histories: readonly CallHistory[]): { history: CallHistory; answer: Answer }[] {
  return histories.flatMap((history) => {
    const answer = acknowledgement(history);
    return answer ? [{ history, answer }] : [];
  });
}

function batches<T>(items: readonly T[]): T[][] {
  const count = Math.ceil(items.length / BATCH);
  return Array.from({ length: count }, (_, index) => items.slice(index * BATCH, (index + 1) * BATCH));
}

async function inParallel<T>(
  items: readonly T[],
  check: (item: T) => Promise<string | undefined>,
): Promise<string[]> {
  const faults: string[] = [];
  const queue = items.values();
  const worker = async (): Promise<void> => {
    for (const item of queue) {
      const fault = await check(item);
      if (fault !== undefined) faults.push(fault);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  return faults;
}
