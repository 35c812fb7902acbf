/** How often what was passed over is looked at again: what kept it may be gone by now. */
const ROUND = 24 * 60 * 60 * 1_000;

/** Where the runs of a kind have come to: each goes on where the one before ended, and once a day at the beginning. */
export class Rounds<Position> {
  behind: Position;
  private endsAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly beginning: Position) {
    this.behind = beginning;
  }

  /** @param before what a run deletes; it moves on with the time */
  begin(before: Date): void {
    if (before.getTime() < this.endsAt) return;
    this.behind = this.beginning;
    this.endsAt = before.getTime() + ROUND;
  }
}
