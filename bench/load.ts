import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Cleanup } from './cleanup.js';
import type { Workload } from './message-request.js';

/** What is asked for: messages to be stored, or pages to be read, at random. */
export type Traffic =
  | { readonly kind: 'messages'; readonly workload: Workload }
  | { readonly kind: 'pages'; readonly paths: readonly string[] };

/** What one load process is to do. Times in seconds. */
export interface LoadJob {
  /** Where the server listens. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly connections: number;
  readonly traffic: Traffic;
  readonly warmUp: number;
  readonly seconds: number;
  /** Requests a second to be ready for; more only cost the load process time while it measures. */
  readonly expectedRate: number;
}

export interface Figures {
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  /** Milliseconds. */
  readonly p99: number;
  /** Measured in this window. */
  readonly count: number;
  /** Everything that was answered well, before and after the window too: as many new rows are in the table. */
  readonly accepted: number;
  /** Of one core, by the process that made the load; undefined where that is not known. */
  readonly loadCpu?: number;
}

/** What the load process says in the end. */
export type LoadAnswer = { readonly figures: Figures } | { readonly failure: string };

/**
 * Sends requests from a process of its own, which shares no event loop with a server.
 *
 * @throws when any answer has another status than it should, with the first such answer
 */
export async function measureLoad(job: LoadJob, cleanup: Cleanup): Promise<Figures> {
  const child = fork(fileURLToPath(new URL('./load-process.js', import.meta.url)), { env: {} });
  const release = await cleanup.defer(() => {
    child.kill('SIGKILL');
  });
  try {
    const answer = await new Promise<LoadAnswer>((resolve, reject) => {
      child.once('message', (message) => resolve(message as LoadAnswer));
      child.once('error', reject);
      child.once('exit', (code, signal) => reject(new Error(`The load process ended: ${signal ?? code}`)));
      child.send(job);
    });
    if ('failure' in answer) throw new Error(answer.failure);
    return answer.figures;
  } finally {
    await release();
  }
}
