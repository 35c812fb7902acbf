import { LRUCache } from 'lru-cache';

/** A value in the memory of this process. */
export interface NearEntry<T> {
  readonly value: T;
  /** Since when it is here, in milliseconds since 1970, like all of these. */
  readonly keptAt: number;
  /** Until when it is believed here. */
  readonly expiresAt: number;
  /** Until when it holds at all. */
  readonly endsAt: number;
  /** From when on it is worth making it anew, behind whoever asks. */
  readonly refreshAt: number;
}

/** What one kind may take of the memory of this process. */
export interface NearLimits {
  readonly entries: number;
  readonly bytes: number;
}

/** The values of one kind in the memory of this process; what was not used for longest goes first. */
export class NearCache<T> {
  private readonly kept: LRUCache<string, NearEntry<T>>;

  constructor(limits: NearLimits) {
    this.kept = new LRUCache({ max: limits.entries, maxSize: limits.bytes });
  }

  get entries(): number {
    return this.kept.size;
  }

  /** About: of the values as they would be written, and their names. */
  get bytes(): number {
    return this.kept.calculatedSize;
  }

  get(key: string): NearEntry<T> | undefined {
    return this.kept.get(key);
  }

  /** @param size in bytes; what is too large for all of it is not kept */
  set(key: string, entry: NearEntry<T>, size: number): void {
    this.kept.set(key, entry, { size: size + key.length + 1 });
  }

  delete(key: string): boolean {
    return this.kept.delete(key);
  }

  clear(): void {
    this.kept.clear();
  }

  /** @returns how many there were */
  deleteWhere(isMeant: (key: string) => boolean): number {
    const meant = [...this.kept.keys()].filter(isMeant);
    for (const key of meant) this.kept.delete(key);
    return meant.length;
  }
}
