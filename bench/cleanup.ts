/** Ctrl-C, or a request to end: not a fault of the benchmark. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

type Step = () => void | Promise<void>;

/**
 * What has to be stopped and removed in the end, in reverse order, however the run ends. What is handed in
 * after the end has begun is undone at once, so that nothing outlives a Ctrl-C in the middle of a start.
 */
export class Cleanup {
  private readonly steps: Step[] = [];
  private ending: Promise<void> | undefined;

  get hasBegun(): boolean {
    return this.ending !== undefined;
  }

  /**
   * Remembers how to undo something.
   *
   * @returns to be called when it is to be undone before the end
   * @throws {Interrupted} after undoing it, when the end has begun
   */
  async defer(step: Step): Promise<() => Promise<void>> {
    if (this.hasBegun) {
      await step();
      throw new Interrupted('The run is being ended.');
    }
    this.steps.push(step);
    return async () => {
      const index = this.steps.indexOf(step);
      if (index < 0) return;
      this.steps.splice(index, 1);
      await step();
    };
  }

  /** Undoes everything, once; a step that fails is told and does not keep the others from running. */
  end(): Promise<void> {
    this.ending ??= this.runSteps();
    return this.ending;
  }

  private async runSteps(): Promise<void> {
    for (let step = this.steps.pop(); step; step = this.steps.pop()) {
      try {
        await step();
      } catch (error) {
        console.error('Could not clean up:', error);
      }
    }
  }
}
