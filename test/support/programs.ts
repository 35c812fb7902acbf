import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

/** Programs that specs start and that no npm package brings, with the package of Debian that does. */
const PACKAGES = {
  age: 'age',
  pg_basebackup: 'postgresql-client',
  pg_dump: 'postgresql-client',
  pgbouncer: 'pgbouncer',
  'redis-server': 'redis-server',
} as const;

/**
 * Where a program is. One that is missing is installed, where that may be done without asking anybody: as root, on
 * Debian and what descends from it.
 *
 * @throws where it is missing, with the command that installs it
 */
export function program(name: keyof typeof PACKAGES): string {
  return find(name) ?? installed(name);
}

function installed(name: keyof typeof PACKAGES): string {
  const command = `apt-get install --yes --no-install-recommends ${PACKAGES[name]}`;
  if (process.getuid?.() !== 0 || find('apt-get') === undefined) {
    throw new Error(`This spec needs ${name}, which is not on PATH. On Debian: sudo ${command}`);
  }
  process.stderr.write(`${name} is not on PATH: running ${command}\n`);
  const options = { stdio: 'ignore', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } } as const;
  execFileSync('apt-get', ['update'], options);
  execFileSync('apt-get', command.split(' ').slice(1), options);
  const found = find(name);
  if (found === undefined) throw new Error(`${command} brought no ${name}.`);
  return found;
}

function find(name: string): string | undefined {
  return [...(process.env.PATH ?? '').split(':'), '/usr/sbin']

    .map((folder) => join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
