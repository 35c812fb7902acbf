import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorCode } from '../resilience/error-code.js';

/** Begins the names of folders for a password; the process that it belongs to follows. */
const FOLDER = 'otklik-backup-';

/** What PostgreSQL's own programs understand of a URL's parameters, besides where and who. */
const PARAMETERS = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'connect_timeout', 'target_session_attrs'];

/**
 * Lets the work use words for the command line that say where the database is. The password is in a file that only
 * we read, and that is gone afterwards: command lines and environments are open to others.
 *
 * @param database another one of the same server
 */
export async function withConnectionInfo<T>(
  databaseUrl: string,
  work: (connectionInfo: string) => Promise<T>,
  database?: string,
): Promise<T> {
  const url = new URL(databaseUrl);
  const password = decodeURIComponent(url.password);
  await removeAbandoned();
  const folder = await mkdtemp(join(tmpdir(), `${FOLDER}${process.pid}-`));
  try {
    const passfile = join(folder, 'pgpass');
    await writeFile(passfile, `*:*:*:*:${password.replace(/[\\:]/g, '\\$&')}\n`, { mode: 0o600 });
    const parts: [name: string, value: string][] = [
      ['host', url.searchParams.get('host') ?? url.hostname.replace(/^\[|\]$/g, '')],
      ['port', url.port || '5432'],
      ['user', decodeURIComponent(url.username)],
      ['dbname', database ?? decodeURIComponent(url.pathname.slice(1))],
      ['application_name', 'otklik backups'],
      ['passfile', passfile],
    ];
    for (const name of PARAMETERS) {
      const value = url.searchParams.get(name);
      // node-postgres alone has no-verify: encrypted, by whoever answers.
      if (value !== null) parts.push([name, value === 'no-verify' ? 'require' : value]);
    }
    const quoted = parts
      .filter(([, value]) => value !== '')
      .map(([name, value]) => `${name}='${inQuotes(value)}'`);
    return await work(quoted.join(' '));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Whoever was killed has left a password behind. What belongs to somebody else cannot be deleted, and need not be. */
async function removeAbandoned(): Promise<void> {
  const names = await readdir(tmpdir()).catch(() => []);
  for (const name of names) {
    const pid = name.startsWith(FOLDER) ? /^\d+(?=-)/.exec(name.slice(FOLDER.length))?.[0] : undefined;
    if (pid !== undefined && isGone(Number(pid)))
      await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => undefined);
  }
}

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return errorCode(error) === 'ESRCH';
  }
}

function inQuotes(value: string): string {
  return value.replace(/[\\']/g, '\\$&');
}
