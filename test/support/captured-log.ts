import { type Log, logTo } from '../../src/logging/log.js';

/** One line of the log. */
export interface LogEntry {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** The application's log, kept for a spec to read. Everything is in it, down to level `debug`. */
export class CapturedLog {
  private readonly lines: string[] = [];

  readonly log: Log = logTo({ write: (line: string) => this.lines.push(line) }, 'debug');

  /** All of it, as it would stand in a file. */
  get text(): string {
    return this.lines.join('');
  }

  /** The entries that a spec is interested in. */
  entries(matching: (entry: LogEntry) => boolean = () => true): LogEntry[] {
    return this.lines.map((line) => JSON.parse(line) as LogEntry).filter(matching);
  }

  clear(): void {
    this.lines.length = 0;
  }
}
