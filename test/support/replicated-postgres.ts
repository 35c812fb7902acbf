import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { DataDirectory } from '../../src/database/data-directory.js';
import { EmbeddedPostgres } from '../../src/database/embedded-postgres.js';
import { findPostgresUser } from '../../src/database/postgres-user.js';
import { eventually } from './eventually.js';
import { freePort } from './free-port.js';
import { program } from './programs.js';

const START_WAIT = 60_000;

/** A PostgreSQL of a spec's own, and a streaming replica of it that `pg_basebackup` made. */
export class ReplicatedPostgres {
  private replica: ChildProcess | undefined;

  private constructor(
    private readonly folder: string,
    private readonly directory: DataDirectory,
    private readonly primary: EmbeddedPostgres,
    private readonly replicaPort: number,
  ) {}

  static async start(): Promise<ReplicatedPostgres> {
    const folder = mkdtempSync(join(tmpdir(), 'otklik-replicated-'));
    const directory = await DataDirectory.open(join(folder, 'primary'));
    const log = { info: () => undefined, warn: () => undefined };
    const primary = await EmbeddedPostgres.start(directory, { port: 0, startWait: START_WAIT, log });
    const both = new ReplicatedPostgres(folder, directory, primary, await freePort());
    const options = ['--write-recovery-conf', '--wal-method=stream', '--checkpoint=fast'];
    await promisify(execFile)(program('pg_basebackup'), [
      `--dbname=${primary.url}`,
      `--pgdata=${both.replicaFolder}`,
      ...options,
    ]);
    await both.startReplica();
    return both;
  }

  get url(): string {
    return this.primary.url;
  }

  get replicaUrl(): string {
    const url = new URL(this.primary.url);
    url.port = String(this.replicaPort);
    return url.href;
  }

  /** From now on, the replica gets what the primary does, and shows nothing of it. */
  async pauseReplay(): Promise<void> {
    await ask(this.replicaUrl, 'select pg_wal_replay_pause()');
    await eventually(
      () => ask<{ state: string }>(this.replicaUrl, 'select pg_get_wal_replay_pause_state() as state'),
      ([row]) => row?.state === 'paused',
    );
  }

  async resumeReplay(): Promise<void> {
    await ask(this.replicaUrl, 'select pg_wal_replay_resume()');
  }

  /** Waits until the replica shows all that is committed. */
  async caughtUp(): Promise<void> {
    const [now] = await ask<{ lsn: string }>(this.url, 'select pg_current_wal_flush_lsn()::text as lsn');
    await eventually(
      () =>
        ask<{ is: boolean }>(
          this.replicaUrl,
          `select pg_last_wal_replay_lsn() >= '${now?.lsn}'::pg_lsn as is`,
        ),
      ([row]) => row?.is === true,
    );
  }

  async startReplica(): Promise<void> {
    const name = `@embedded-postgres/${process.platform}-${process.arch}`;
    const { postgres } = (await import(name)) as { postgres: string };
    const user = findPostgresUser(this.replicaFolder, postgres);
    const settings = [
      'listen_addresses=127.0.0.1',
      `port=${this.replicaPort}`,
      'unix_socket_directories=',
      // A replica refuses to have fewer than its primary.
      'max_connections=200',
    ].flatMap((setting) => ['-c', setting]);
    const [command = '', ...words] = [...user.prefix, postgres, '-D', this.replicaFolder, ...settings];
    const { uid, gid } = user;
    this.replica = spawn(command, words, {
      ...(uid !== undefined && gid !== undefined && { uid, gid }),
      cwd: '/',
      stdio: 'ignore',
    });
    await eventually(
      () => ask(this.replicaUrl, 'select 1').catch(() => []),
      ([row]) => row !== undefined,
    );
  }

  async stopReplica(): Promise<void> {
    const { replica } = this;
    this.replica = undefined;
    if (!replica || replica.exitCode !== null) return;
    const ended = once(replica, 'exit');
    replica.kill('SIGINT');
    await ended;
  }

  async stop(): Promise<void> {
    await this.stopReplica();
    await this.primary.stop();
    await this.directory.close();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10 });
  }

  private get replicaFolder(): string {
    return join(this.folder, 'replica');
  }
}

/** Asks over a connection of its own. */
export async function ask<Row extends object>(url: string, sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}
