/** A value that is being made or fetched. */
export interface Loading<T> {
  readonly result: Promise<T | undefined>;
  /** Something was invalidated meanwhile: whoever asked before may have the result, and nobody else. */
  isStale: boolean;
}

/** What is under way of one kind: each value once, however many wait for it. */
export class Loadings<T> {
  private readonly running = new Map<string, Loading<T>>();

  /** The one that whoever asks now may wait for. */
  get(key: string): Loading<T> | undefined {
    return this.running.get(key);
  }

  /** @param load is handed what says whether the result may be kept */
  begin(key: string, load: (loading: Loading<T>) => Promise<T | undefined>): Promise<T | undefined> {
    let loading: Loading<T>;
    const result = Promise.resolve()
      .then(() => load(loading))
      .finally(() => {
        if (this.running.get(key) === loading) this.running.delete(key);
      });
    loading = { result, isStale: false };
    this.running.set(key, loading);
    return result;
  }

  /** The value has changed: nobody joins those who read it before. */
  outdate(key: string): void {
    const loading = this.running.get(key);
    if (!loading) return;
    loading.isStale = true;
    this.running.delete(key);
  }

  outdateWhere(isMeant: (key: string) => boolean): void {
    for (const key of [...this.running.keys()].filter(isMeant)) this.outdate(key);
  }
}
