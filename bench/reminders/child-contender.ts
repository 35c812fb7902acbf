import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Cleanup } from '../cleanup.js';
import type { Contender } from './contender.js';

/** What a contender in a process of its own can be asked for, one thing after the other. */
export type Call =
  | {
      readonly what: 'start';
      readonly databaseUrl: string;
      readonly pending: number;
      readonly variant?: string;
    }
  | { readonly what: 'tidyUp' | 'drain' }
  | { readonly what: 'fill'; readonly due: number }
  | { readonly what: 'beOnTime'; readonly offsets: readonly number[] };

export type Answer = { readonly value: unknown } | { readonly failure: string };

/**
 * Starts a contender that shares no event loop with anybody.
 *
 * @param module the compiled file, beside this one
 */
export async function startChild(
  module: string,
  databaseUrl: string,
  pending: number,
  cleanup: Cleanup,
  variant?: string,
): Promise<Required<Contender>> {
  const child = fork(fileURLToPath(new URL(module, import.meta.url)), { env: { NODE_ENV: 'production' } });
  const ended = once(child, 'exit');
  await cleanup.defer(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await ended;
  });
  const ask = async (call: Call): Promise<unknown> => {
    child.send(call);
    const [answer] = await Promise.race([
      once(child, 'message') as Promise<[Answer]>,
      ended.then(([code, signal]) => Promise.reject(new Error(`${module} ended: ${signal ?? code}`))),
    ]);
    if ('failure' in answer) throw new Error(`${module}: ${answer.failure}`);
    return answer.value;
  };
  await ask({ what: 'start', databaseUrl, pending, ...(variant === undefined ? {} : { variant }) });
  return {
    tidyUp: async () => void (await ask({ what: 'tidyUp' })),
    fill: async (due) => void (await ask({ what: 'fill', due })),
    drain: () => ask({ what: 'drain' }) as Promise<number>,
    beOnTime: (offsets) => ask({ what: 'beOnTime', offsets }) as Promise<number[]>,
  };
}
