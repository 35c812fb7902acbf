/** From well to bad. */
const STATES = ['healthy', 'degraded', 'unhealthy'] as const;
export type State = (typeof STATES)[number];

/** How many samples in a row it takes to change. */
interface Patience {
  readonly samplesToWorsen: number;
  readonly samplesToRecover: number;
}

export function isWorse(one: State, other: State): boolean {
  return STATES.indexOf(one) > STATES.indexOf(other);
}

/**
 * How a part is, by what was seen of it: one sample changes nothing, several in a row do. It gets as bad as the best of
 * them, and as good as the worst. Before the first so many samples nobody knows.
 */
export class PartState {
  private confirmed: State | undefined;
  /** The samples since the last one that was as the part is, all of them worse, or all better. */
  private differing: State[] = [];

  get state(): State | undefined {
    return this.confirmed;
  }

  /** @returns whether the part changed */
  add(sample: State, { samplesToWorsen, samplesToRecover }: Patience): boolean {
    if (sample === this.confirmed) {
      this.differing = [];
      return false;
    }
    const isFall = isWorse(sample, this.confirmed ?? 'healthy');
    if (this.differing.some((other) => isWorse(other, this.confirmed ?? 'healthy') !== isFall))
      this.differing = [];
    this.differing.push(sample);
    if (this.differing.length < (isFall ? samplesToWorsen : samplesToRecover)) return false;
    const sorted = this.differing.toSorted((one, other) => (isWorse(one, other) ? 1 : -1));
    this.confirmed = isFall ? sorted[0] : sorted.at(-1);
    this.differing = [];
    return true;
  }
}
