import type { Answer, Call, Calls } from './child.js';

/** A process's side of the agreement with child.ts. It ends with the benchmark, however that ends. */
export function serve(calls: Calls): void {
  const answer = async ({ what, values }: Call): Promise<unknown> => calls[what]?.(...(values as never[]));
  process.once('disconnect', () => process.exit());
  process.on('message', (call: Call) => {
    void answer(call)
      .then(
        (value): Answer => ({ value: value ?? null }),
        (error: unknown): Answer => ({
          failure: error instanceof Error ? (error.stack ?? error.message) : String(error),
        }),
      )
      .then((message) => process.send?.(message));
  });
}
