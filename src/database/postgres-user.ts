import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** How a PostgreSQL program is started so that it does not run as root, which it refuses. */
export interface PostgresUser {
  /** Whom to run as; absent: as ourselves. */
  readonly uid?: number;
  readonly gid?: number;
  /** Words to put before the command. */
  readonly prefix: readonly string[];
}

const USER_NAMESPACE = ['unshare', '--user', '--map-user=65534', '--map-group=65534', '--'];

/**
 * Finds a user for PostgreSQL. An ordinary user runs it as himself. Root hands it to `postgres` or `nobody`
 * where these can reach the programs and the data; in a folder that is closed to them (`/root`), it runs in a
 * user namespace, in which root's own files belong to an ordinary user.
 *
 * @param data the database's folder, or the folder it will be in
 * @param program a PostgreSQL program that has to be reachable
 * @throws where root can do neither
 */
export function findPostgresUser(data: string, program: string): PostgresUser {
  if (process.getuid?.() !== 0) return { prefix: [] };
  const owner = ownerOf(data);
  if (owner !== undefined && owner.uid !== 0) return { ...owner, prefix: [] };
  const candidate = owner === undefined ? (lookUp('postgres') ?? lookUp('nobody')) : undefined;
  if (candidate && canReach(dirname(data), candidate) && canReach(program, candidate)) {
    return { ...candidate, prefix: [] };
  }
  const [command = '', ...options] = USER_NAMESPACE;
  if (spawnSync(command, [...options, 'true']).status === 0) return { prefix: USER_NAMESPACE };
  throw new Error(
    `PostgreSQL does not run as root, and no other user can reach ${dirname(data)} and ${program}. ` +
      'Start Otklik as an ordinary user, or from a folder that everybody may enter.',
  );
}

function ownerOf(path: string): { uid: number; gid: number } | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats && { uid: stats.uid, gid: stats.gid };
}

function lookUp(name: string): { uid: number; gid: number } | undefined {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  return uid && gid ? { uid: Number(uid), gid: Number(gid) } : undefined;
}

function canReach(path: string, user: { uid: number; gid: number }): boolean {
  for (let folder = path; ; folder = dirname(folder)) {
    const { mode, uid, gid } = statSync(folder);
    const execute = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
    if ((mode & execute) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}
