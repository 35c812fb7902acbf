import type { Socket } from 'node:net';
import pg from 'pg';

/**
 * Told of each statement.
 *
 * @param statement the function of ours that it calls, or its first word
 */
export type StatementObserver = (statement: string, seconds: number, isDone: boolean) => void;

/** A connection that tells how long its statements take. */
export interface ObservedClient extends pg.Client {
  onStatement: StatementObserver | undefined;
}

/** How long a connection has to take its leave, in milliseconds. */
const FAREWELL_PATIENCE = 1_000;

/** The digest that the name of each routine ends with. */
const DIGEST = /_[0-9a-f]{12}$/;

const FIRST_WORD = /^\s*([a-z]+)/i;

const WORDS: Readonly<Record<string, string>> = {
  select: 'select',
  with: 'with',
  insert: 'insert',
  update: 'update',
  delete: 'delete',
  begin: 'transaction',
  start: 'transaction',
  commit: 'transaction',
  rollback: 'transaction',
};

/** What kind of statement it is; there are as many as we have routines, and a few more. */
export function statementKind(query: unknown): string {
  if (typeof query === 'object' && query !== null) {
    const { name, text } = query as { name?: unknown; text?: unknown };
    if (typeof name === 'string') return name.replace(DIGEST, '');
    return statementKind(text);
  }
  const [, word = ''] = FIRST_WORD.exec(String(query)) ?? [];
  return WORDS[word.toLowerCase()] ?? 'other';
}

/** Made late, and calling what the class has at that moment: tracing replaces its methods. */
export function observedClient(): new () => pg.ClientBase {
  class Observed extends pg.Client implements ObservedClient {
    onStatement: StatementObserver | undefined;

    override query(...query: unknown[]): never {
      const started = performance.now();
      const running = (super.query as (...query: unknown[]) => unknown).apply(this, query);
      const end = (isDone: boolean) => {
        this.onStatement?.(statementKind(query[0]), (performance.now() - started) / 1000, isDone);
      };
      if (isPromise(running))
        running.then(
          () => end(true),
          () => end(false),
        );
      return running as never;
    }

    /** Where the server hangs, or the network is gone, it never does, and would keep the process alive. */
    override end(...callback: unknown[]): never {
      // node-postgres has this, but does not say so in its types.
      const { stream } = (this as unknown as { connection: { stream: Socket } }).connection;
      setTimeout(() => stream.destroy(), FAREWELL_PATIENCE).unref();
      return (super.end as (...callback: unknown[]) => unknown).apply(this, callback) as never;
    }
  }
  return Observed as unknown as new () => pg.ClientBase;
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
