import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Cleanup } from '../cleanup.js';

/** What a process can be asked for, one thing after the other; what goes to and fro must survive JSON. */
export type Calls = Readonly<Record<string, (...values: never[]) => Promise<unknown>>>;

export interface Call {
  readonly what: string;
  readonly values: readonly unknown[];
}

export type Answer = { readonly value: unknown } | { readonly failure: string };

/** Asks a process of its own. */
export type Ask<Api extends Calls> = <Name extends keyof Api & string>(
  what: Name,
  ...values: Parameters<Api[Name]>
) => Promise<Awaited<ReturnType<Api[Name]>>>;

/**
 * Starts a process that shares no event loop with anybody, until the run ends.
 *
 * @param module the compiled file, beside this one
 */
export async function startChild<Api extends Calls>(module: string, cleanup: Cleanup): Promise<Ask<Api>> {
  const child = fork(fileURLToPath(new URL(module, import.meta.url)), { env: { NODE_ENV: 'production' } });
  const ended = once(child, 'exit');
  await cleanup.defer(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await ended;
  });
  return async (what, ...values) => {
    child.send({ what, values } satisfies Call);
    const [answer] = await Promise.race([
      once(child, 'message') as Promise<[Answer]>,
      ended.then(([code, signal]) => Promise.reject(new Error(`${module} ended: ${signal ?? code}`))),
    ]);
    if ('failure' in answer) throw new Error(`${module}: ${answer.failure}`);
    return answer.value as never;
  };
}
