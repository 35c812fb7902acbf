import { type Options, SingleBar } from 'cli-progress';
import { count } from './terminal-text.js';

export interface Progress {
  update(done: number): void;
  stop(): void;
}

/** Where to show it; `process.stdout` is one. */
export type ProgressStream = NodeJS.WritableStream & { readonly isTTY?: boolean };

const PLAIN_STEPS = 10;

function rate(done: number, milliseconds: number): string {
  return milliseconds > 0 ? count((done * 1000) / milliseconds) : '–';
}

/** From the run's mean rate: the bar's own estimate looks at the last few messages and jumps about. */
function left(done: number, total: number, milliseconds: number): string {
  return done > 0 ? `${Math.ceil(((total - done) * milliseconds) / done / 1000)} s` : '–';
}

/** A moving bar in a terminal; elsewhere (a log, a pipe) a plain line at each tenth. */
export function showProgress(total: number, stream: ProgressStream, now: () => number): Progress {
  const started = now();
  if (stream.isTTY === true) {
    const options: Options = {
      format: '  {bar} {percentage} %  {value} of {total}  {rate} a second  ETA {left}',
      barCompleteChar: '█',
      barIncompleteChar: '░',
      barsize: 28,
      hideCursor: true,
      clearOnComplete: true,
      stream,
    };
    const moving = new SingleBar(options);
    const figures = (done: number) => {
      const milliseconds = now() - started;
      return { rate: rate(done, milliseconds), left: left(done, total, milliseconds) };
    };
    moving.start(total, 0, figures(0));
    return {
      update: (done) => moving.update(done, figures(done)),
      stop: () => moving.stop(),
    };
  }
  let shown = 0;
  return {
    update(done) {
      const step = Math.floor((done * PLAIN_STEPS) / total);
      if (step === shown) return;
      shown = step;
      const percent = `${Math.floor((done * 100) / total)} %`.padStart(6);
      stream.write(
        `${percent}  ${count(done)} of ${count(total)}  ${rate(done, now() - started)} a second\n`,
      );
    },
    stop: () => undefined,
  };
}
