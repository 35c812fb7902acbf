import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { errorCode } from '../resilience/error-code.js';

/** How much of a program's complaints is kept, in characters. */
const COMPLAINT_LENGTH = 2_000;

/** What writing to a program fails with that reads no more. */
const EARLY_END = new Set(['EPIPE', 'ECONNRESET']);

/** A program of PostgreSQL that runs, with what it says and how it ends. */
export class ProgramRun {
  /** Rejects with the program's own words where it fails. */
  readonly ended: Promise<void>;
  private complaints = '';

  private constructor(
    private readonly name: string,
    private readonly child: ChildProcess,
  ) {
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      // What went wrong first is the reason for the rest.
      this.complaints = (this.complaints + text).slice(0, COMPLAINT_LENGTH);
    });
    this.ended = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => {
        if (code === 0) resolve();
        else
          reject(
            new Error(`${this.name} failed: ${this.complaints.trim() || signal || `exit code ${code}`}`),
          );
      });
    });
    // Whoever waits for it may come later. What a program has started itself may outlive it: nobody reads on.
    this.ended.catch(() => this.letGo());
  }

  /** Starts it; it is killed when the signal is aborted. */
  static start(
    program: string,
    words: readonly string[],
    use: { stdin: boolean; stdout: boolean },
    signal: AbortSignal,
  ): ProgramRun {
    const child = spawn(program, words, {
      stdio: [use.stdin ? 'pipe' : 'ignore', use.stdout ? 'pipe' : 'ignore', 'pipe'],
      signal,
      killSignal: 'SIGKILL',
    });
    return new ProgramRun(program, child);
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  get stdout(): Readable {
    if (!this.child.stdout) throw new Error(`Nobody reads what ${this.name} says.`);
    return this.child.stdout;
  }

  get stdin(): Writable {
    if (!this.child.stdin) throw new Error(`Nobody writes to ${this.name}.`);
    return this.child.stdin;
  }

  /**
   * Why writing to it failed.
   *
   * @throws Error with its own words, where it ended before it had read everything
   */
  async whyUnwritten(error: unknown): Promise<unknown> {
    if (!this.hasEnded && !EARLY_END.has(errorCode(error) ?? '')) return error;
    await this.ended;
    return new Error(`${this.name} ended before it had read the whole backup.`, { cause: error });
  }

  /** Ends it, if it still runs, and waits for that. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    this.letGo();
    await this.ended.catch(() => undefined);
  }

  /** Without it, a program of a program that was killed would keep our process from ending. */
  private letGo(): void {
    for (const stream of [this.child.stdin, this.child.stdout, this.child.stderr]) stream?.destroy();
  }
}
