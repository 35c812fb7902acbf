import type { Cleanup } from '../cleanup.js';
import { type DatabaseServer, queryOnce } from '../database-server.js';
import { type Figures, measureLoad } from '../load.js';
import type { Workload } from '../message-request.js';
import type { ContenderName } from '../options.js';
import { Pgbench } from '../pgbench.js';
import { startChildServer } from './child-server.js';
import { INGEST_FUNCTION, INGEST_SCHEMA } from './ingest-function.js';
import { startOtklik } from './otklik.js';

export interface Task {
  readonly connections: number;
  readonly workload: Workload;
  readonly warmUp: number;
  readonly seconds: number;
}

/** One way to take in messages, started and ready, with a database of its own. */
export interface Contender {
  measure(task: Task): Promise<Figures>;
  /** How many messages its table holds. */
  countMessages(): Promise<number>;
}

type Start = (server: DatabaseServer, cleanup: Cleanup) => Promise<Contender>;

/** All of them. A database that is to be full is filled here, between its creation and the server's start. */
export const START: Readonly<Record<ContenderName, Start>> = {
  pgbench: async (server, cleanup) => {
    const databaseUrl = await ingestDatabase(server, 'floor');
    const pgbench = new Pgbench(databaseUrl, server.folder, cleanup);
    return {
      measure: ({ connections, warmUp, seconds }) => pgbench.measure(connections, warmUp, seconds),
      countMessages: () => countMessages(databaseUrl),
    };
  },
  fastify: async (server, cleanup) => {
    const databaseUrl = await ingestDatabase(server, 'fastify');
    const url = await startChildServer('./fastify-function.server.js', databaseUrl, cleanup);
    return overHttp({ url, databaseUrl, expectedRate: 14_000 }, cleanup);
  },
  'nest-save': async (server, cleanup) => {
    const databaseUrl = await ingestDatabase(server, 'nest_save');
    const url = await startChildServer('./nest-save.server.js', databaseUrl, cleanup);
    return overHttp({ url, databaseUrl, expectedRate: 4000 }, cleanup);
  },
  ours: async (server, cleanup) => {
    const databaseUrl = await server.createDatabase('otklik');
    const { url, apiKey } = await startOtklik(databaseUrl, cleanup);
    return overHttp({ url, databaseUrl, apiKey, expectedRate: 18_000 }, cleanup);
  },
};

interface HttpServer {
  readonly url: string;
  readonly databaseUrl: string;
  readonly apiKey?: string;
  /** Requests a second that the load process is ready for at many connections. */
  readonly expectedRate: number;
}

/** What one connection can be expected to reach at most, whoever answers. */
const MOST_ALONE = 6000;

function overHttp({ url, databaseUrl, apiKey, expectedRate }: HttpServer, cleanup: Cleanup): Contender {
  const job = {
    url: new URL('/api/messages', url).href,
    // Everybody gets a key of the same length, so that everybody reads the same bytes.
    headers: { authorization: `Bearer ${apiKey ?? 'x'.repeat(43)}` },
  };
  return {
    measure: (task) => {
      const rate = task.connections === 1 ? Math.min(MOST_ALONE, expectedRate) : expectedRate;
      return measureLoad({ ...job, ...task, expectedRate: rate }, cleanup);
    },
    countMessages: () => countMessages(databaseUrl),
  };
}

async function ingestDatabase(server: DatabaseServer, name: string): Promise<string> {
  const url = await server.createDatabase(name);
  await queryOnce(url, INGEST_SCHEMA + INGEST_FUNCTION);
  return url;
}

async function countMessages(databaseUrl: string): Promise<number> {
  const rows = await queryOnce<{ count: number }>(databaseUrl, 'select count(*)::int as count from messages');
  return rows[0]?.count ?? 0;
}
