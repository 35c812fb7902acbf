import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EmbeddedPostgres } from './embedded-postgres.js';

/**
 * Where the embedded database of a running Otklik is reached, for commands beside it. PostgreSQL writes its port into
 * line 4 of its pid file (pidfile.h).
 *
 * @param dataDir the data directory of that Otklik
 */
export function runningEmbeddedUrl(dataDir: string): string {
  const port = readFileSync(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[3];
  const password = readFileSync(join(dataDir, 'secrets', 'database-password'), 'utf8').trim();
  return EmbeddedPostgres.urlOf(password, Number(port));
}
