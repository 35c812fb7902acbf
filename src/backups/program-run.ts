import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

/** How much of a program's complaints is kept, in characters. */
const COMPLAINT_LENGTH = 2_000;

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
    // Whoever waits for it may come later.
    this.ended.catch(() => undefined);
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

  /** Ends it, if it still runs, and waits for that. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended.catch(() => undefined);
  }
}
