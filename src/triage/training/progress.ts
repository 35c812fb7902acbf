/** Where progress is shown; a terminal's stderr is one. */
export interface ProgressOutput {
  isTTY?: boolean;
  write(text: string): unknown;
}

const QUIET_MS = 2000;
const SHOWN_EVERY_MS = 200;

/**
 * Shows how far something is, once it has taken two seconds: a line that rewrites itself on a terminal,
 * nothing elsewhere.
 */
export class Progress {
  readonly #started: number;
  #shown = Number.NEGATIVE_INFINITY;

  /** @param now milliseconds from any origin. */
  constructor(
    private readonly what: string,
    private readonly total: number,
    private readonly output: ProgressOutput,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.#started = now();
  }

  /** @param done how many of the total. */
  update(done: number): void {
    const now = this.now();
    const soon = now - this.#started < QUIET_MS || now - this.#shown < SHOWN_EVERY_MS;
    if (this.output.isTTY !== true || (soon && done < this.total)) return;
    if (done >= this.total && this.#shown === Number.NEGATIVE_INFINITY) return;
    this.#shown = now;
    const percent = Math.floor((100 * done) / this.total);
    this.output.write(`\r${this.what}: ${percent} %${done >= this.total ? '\n' : ''}`);
  }
}
