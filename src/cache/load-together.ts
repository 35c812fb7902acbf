/** Loads several values at once; what it leaves out does not exist. */
export type LoadMany<Stored> = (keys: readonly string[]) => Promise<ReadonlyMap<string, Stored>>;

/** Gathers what is asked for one by one in the same turn of the event loop, and loads it together. */
export class LoadTogether<Stored> {
  private asked:
    | { readonly keys: string[]; readonly loaded: Promise<ReadonlyMap<string, Stored>> }
    | undefined;

  constructor(private readonly loadMany: LoadMany<Stored>) {}

  async load(key: string): Promise<Stored | undefined> {
    if (!this.asked) {
      const keys: string[] = [];
      const loaded = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
        this.asked = undefined;
        return this.loadMany(keys);
      });
      this.asked = { keys, loaded };
    }
    this.asked.keys.push(key);
    return (await this.asked.loaded).get(key);
  }
}
