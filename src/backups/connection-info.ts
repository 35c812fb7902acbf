import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

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
  const folder = await mkdtemp(join(tmpdir(), 'otklik-backup-'));
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

function inQuotes(value: string): string {
  return value.replace(/[\\']/g, '\\$&');
}
