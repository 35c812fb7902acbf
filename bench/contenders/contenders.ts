import type { Cleanup } from '../cleanup.js';
import { type DatabaseServer, queryOnce } from '../database-server.js';
import type { ContenderName } from '../options.js';
import { Pgbench } from '../pgbench.js';
import { fillDatabase } from '../stored/fill.js';
import { SMALL } from '../stored/shape.js';
import { startChildServer } from './child-server.js';
import { type Contender, countMessages } from './contender.js';
import { INGEST_FUNCTION, INGEST_SCHEMA } from './ingest-function.js';
import { startOtklik } from './otklik.js';
import { overHttp } from './over-http.js';

type Start = (server: DatabaseServer, cleanup: Cleanup, stored: number) => Promise<Contender>;

/** All of them. `stored` messages are what a full database holds before anything is measured. */
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
  ours: (server, cleanup) => filledOtklik('otklik', SMALL, server, cleanup),
  'ours-stored': (server, cleanup, stored) => filledOtklik('otklik_stored', stored, server, cleanup),
};

async function ingestDatabase(server: DatabaseServer, name: string): Promise<string> {
  const url = await server.createDatabase(name);
  await queryOnce(url, INGEST_SCHEMA + INGEST_FUNCTION);
  return url;
}

/** Otklik makes its schema as it starts: it is started, stopped, its tables are filled, and it starts again. */
async function filledOtklik(
  name: string,
  messages: number,
  server: DatabaseServer,
  cleanup: Cleanup,
): Promise<Contender> {
  const databaseUrl = await server.createDatabase(name);
  const first = await startOtklik(databaseUrl, cleanup);
  await first.stop();
  const filled = await fillDatabase(databaseUrl, messages);
  const { url, apiKey } = await startOtklik(databaseUrl, cleanup);
  return overHttp({ url, databaseUrl, apiKey, filled, expectedRate: 18_000 }, cleanup);
}
