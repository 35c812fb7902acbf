import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';

/**
 * One embedded PostgreSQL for all specs of a run. Jest does not compile what runs before its workers, so this
 * takes the database as it was built into `dist/`; `npm test` builds first.
 */
export default async function startPostgres() {
  const { DataDirectory, EmbeddedPostgres } = await compiled();
  const folder = mkdtempSync(join(tmpdir(), 'otklik-tests-'));
  const directory = await DataDirectory.open(folder);
  // It would tell of every connection that a spec cuts.
  const log = { info: () => undefined, warn: () => undefined };
  const postgres = await EmbeddedPostgres.start(directory, { port: 0, startWait: 60_000, log });
  globalThis.stopPostgres = async () => {
    await postgres.stop();
    await directory.close();
    rmSync(folder, { recursive: true, maxRetries: 10 });
  };
  await forgetDurability(postgres.url);
  // The workers are forked from here and find it in their environment.
  process.env.OTKLIK_TEST_DATABASE_URL = postgres.url;
}

async function compiled() {
  try {
    const { DataDirectory } = await import('../../dist/src/database/data-directory.js');
    const { EmbeddedPostgres } = await import('../../dist/src/database/embedded-postgres.js');
    return { DataDirectory, EmbeddedPostgres };
  } catch (cause) {
    throw new Error('The end-to-end specs need a build: run `npm run build` first.', { cause });
  }
}

/** Nobody pulls the plug on these databases; what is about crashes has a PostgreSQL of its own. */
async function forgetDurability(url) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  for (const setting of ['fsync', 'synchronous_commit', 'full_page_writes', 'autovacuum']) {
    await client.query(`alter system set ${setting} = off`);
  }
  await client.query('select pg_reload_conf()');
  await client.end();
}
