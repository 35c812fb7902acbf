import type { Answer, Call } from './child-contender.js';
import type { Contender } from './contender.js';

export type Start = (databaseUrl: string, pending: number, variant: string | undefined) => Promise<Contender>;

/** A contender's side of the agreement with child-contender.ts. It ends with the benchmark, however that ends. */
export function serve(start: Start): void {
  let contender: Contender | undefined;
  const answer = async (call: Call): Promise<unknown> => {
    if (call.what === 'start') {
      contender = await start(call.databaseUrl, call.pending, call.variant);
      return undefined;
    }
    if (!contender) throw new Error('It was not started.');
    if (call.what === 'fill') return contender.fill(call.due);
    if (call.what === 'beOnTime') return contender.beOnTime?.(call.offsets);
    return contender[call.what]();
  };
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
