import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageFolder } from '../../src/config/package-folder.js';
import { eventually } from '../support/eventually.js';

/** How a process ended. */
export interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** `node dist/src/main.js` as an administrator starts it, with all that it says and how it ends. */
export class StartedProcess {
  stdout = '';
  stderr = '';
  readonly ended: Promise<End>;
  private end: End | undefined;
  private readonly child: ChildProcess;

  /** @param env its whole environment, but for PATH */
  constructor(env: Readonly<Record<string, string>>) {
    const main = join(packageFolder(import.meta.url), 'dist/src/main.js');
    this.child = spawn(process.execPath, [main], {
      cwd: tmpdir(),
      env: { PATH: process.env.PATH, LOG_FORMAT: 'json', PORT: '0', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.ended = new Promise((resolve) => {
      this.child.once('close', (code, signal) => {
        this.end = { code, signal };
        resolve(this.end);
      });
    });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  kill(signal: NodeJS.Signals): Promise<End> {
    this.child.kill(signal);
    return this.ended;
  }

  /** Waits for a line of its log. */
  async said(message: string): Promise<Record<string, unknown>> {
    return eventually(
      () => {
        const line = this.log().find(({ msg }) => String(msg).startsWith(message));
        if (!line && this.end) throw new Error(`It ended before it said "${message}":\n${this.stderr}`);
        return line ?? {};
      },
      (line) => line.msg !== undefined,
    );
  }

  /** Waits until it listens, and says where; what it tells people is complete then. */
  async listening(): Promise<string> {
    const { url } = await this.said('listening');
    await eventually(() => this.stderr.includes('/docs'));
    return String(url);
  }

  private log(): Record<string, unknown>[] {
    const whole = this.stdout.slice(0, this.stdout.lastIndexOf('\n') + 1);
    return whole.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []));
  }
}

/** Starts processes in folders of their own, and leaves neither behind. */
export class ProcessStarter {
  private readonly processes: StartedProcess[] = [];
  private readonly folders: string[] = [];

  start(env: Readonly<Record<string, string>>): StartedProcess {
    const started = new StartedProcess(env);
    this.processes.push(started);
    return started;
  }

  folder(): string {
    const folder = mkdtempSync(join(tmpdir(), 'otklik-process-'));
    this.folders.push(folder);
    return folder;
  }

  async cleanUp(): Promise<void> {
    await Promise.all(this.processes.map((started) => started.kill('SIGTERM')));
    for (const folder of this.folders) rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

/** The process id of the PostgreSQL that runs on a data directory; none, where none runs. */
export function postmasterOf(dataDir: string): number | undefined {
  try {
    const pid = Number(readFileSync(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]);
    return isAlive(pid) ? pid : undefined;
  } catch {
    // No such file: nothing runs.
    return undefined;
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
