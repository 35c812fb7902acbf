import pg from 'pg';
import { randomText } from '../message-texts.js';
import { wholes } from '../table.js';
import { StoredRows, TEXTS } from './rows.js';
import { dropSecondaryIndexes } from './secondary-indexes.js';
import { chunksOf, type Shape, shapeOf } from './shape.js';

/** What a database held before the first measurement. */
export interface Filled {
  readonly messages: number;
  readonly seconds: number;
  /** Of the whole database, indexes included. */
  readonly megabytes: number;
}

const TABLES = [
  ...['clients', 'conversations', 'messages', 'reminders', 'escalations', 'events'],
  'idempotency_records',
];

/**
 * Rows are made so that every reference holds: checking ten million of them one by one costs minutes. What is lost
 * in a crash is of no use here, so no commit waits for the disk; the measured server has its own connections.
 */
const SESSION = `
  set session_replication_role = replica;
  set synchronous_commit = off;
  set work_mem = '256MB';
  set maintenance_work_mem = '512MB'`;

/** How often progress is told. */
const TENTHS = 10;

/**
 * Fills a database that Otklik has made, while nobody uses it. Its secondary indexes are dropped meanwhile and made
 * again from their own definitions.
 *
 * @param messages a multiple of STORED_STEP
 */
export async function fillDatabase(databaseUrl: string, messages: number): Promise<Filled> {
  const client = new pg.Client({ connectionString: databaseUrl });
  // Its server ends with Ctrl-C; the statement that is under way says so.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await fill(client, shapeOf(messages));
  } finally {
    await client.end();
  }
}

async function fill(client: pg.Client, shape: Shape): Promise<Filled> {
  const start = performance.now();
  const rows = new StoredRows(shape, new Date());
  await client.query(SESSION);
  await client.query('create temporary table stored_text (number bigint, content text)');
  await client.query(
    'insert into stored_text select number, content from unnest($1::text[]) with ordinality t (content, number)',
    [Array.from({ length: TEXTS }, () => randomText().content)],
  );
  await client.query('analyze stored_text');
  const indexes = await dropSecondaryIndexes(client, TABLES);
  await client.query(rows.clients());
  await insertConversations(client, rows, shape);
  const say = (what: string) => {
    if (shape.messages >= 1_000_000) console.log(`  ${what} …`);
  };
  say(`making ${indexes.length} indexes`);
  for (const definition of indexes) await client.query(definition);
  say('vacuum analyze');
  await client.query(`vacuum (analyze) ${TABLES.join()}`);
  const seconds = Math.round((performance.now() - start) / 100) / 10;
  return { messages: shape.messages, seconds, megabytes: await megabytesOf(client) };
}

async function insertConversations(client: pg.Client, rows: StoredRows, shape: Shape): Promise<void> {
  const statement = rows.conversations();
  let told = 0;
  for (const { first, last } of chunksOf(shape)) {
    await client.query(statement, [first, last]);
    const done = (last + 1) / shape.conversations;
    if (shape.messages < 1_000_000 || Math.floor(done * TENTHS) === told) continue;
    told = Math.floor(done * TENTHS);
    console.log(`  ${wholes(done * shape.messages)} of ${wholes(shape.messages)} messages`);
  }
}

async function megabytesOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ megabytes: number }>(
    'select round(pg_database_size(current_database()) / 1e6)::integer as megabytes',
  );
  return rows[0]?.megabytes ?? 0;
}
