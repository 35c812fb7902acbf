import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.js';
import { freePort } from './free-port.js';
import { program } from './programs.js';
import { ask } from './replicated-postgres.js';

/** Whom PgBouncer runs as where the spec is root, which it refuses to be: Debian's user of this name. */
const NOBODY = 'nobody';

/** A real PgBouncer in transaction mode before a PostgreSQL. */
export class PgBouncer {
  private constructor(
    readonly url: string,
    private readonly folder: string,
    private readonly child: ChildProcess,
  ) {}

  /**
   * Starts it.
   *
   * @param target the database it stands before
   * @param sessions how many sessions of the database all clients share
   */
  static async before(target: string, sessions: number): Promise<PgBouncer> {
    const { username, password, hostname, port, pathname } = new URL(target);
    const folder = mkdtempSync(join(tmpdir(), 'otklik-pgbouncer-'));
    const own = new URL(target);
    own.port = String(await freePort());
    const name = pathname.slice(1);
    const options = [
      '[databases]',
      `${name} = host=${hostname} port=${port} dbname=${name} user=${username} password=${password}`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${own.port}`,
      'unix_socket_dir =',
      'auth_type = any',
      'pool_mode = transaction',
      'max_client_conn = 200',
      `default_pool_size = ${sessions}`,
    ];
    const file = join(folder, 'pgbouncer.ini');
    writeFileSync(file, `${options.join('\n')}\n`);
    // It reads its settings as somebody who is not root.
    chmodSync(folder, 0o755);
    chmodSync(file, 0o644);
    const user = process.getuid?.() === 0 ? ['--user', NOBODY] : [];
    const child = spawn(program('pgbouncer'), [...user, file], { stdio: ['ignore', 'ignore', 'pipe'] });
    let told = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      told += text;
    });
    await eventually(
      async () => {
        if (child.exitCode !== null) throw new Error(`pgbouncer ended:\n${told}`);
        return ask(own.href, 'select 1').catch(() => []);
      },
      ([row]) => row !== undefined,
    );
    return new PgBouncer(own.href, folder, child);
  }

  async stop(): Promise<void> {
    const ended = once(this.child, 'exit');
    this.child.kill('SIGINT');
    await ended;
    rmSync(this.folder, { recursive: true, force: true });
  }
}
