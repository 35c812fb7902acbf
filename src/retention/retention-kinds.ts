import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { RETENTION_KINDS, type RetentionKind } from './retention-kind.js';

/** The kinds of data that are deleted when they are old, for those who keep them and those who delete them. */
@Injectable()
export class RetentionKinds {
  private readonly kinds = new Map<string, RetentionKind>();

  constructor(private readonly clock: Clock) {}

  /** Makes a kind of data known. */
  register(kind: RetentionKind): void {
    if (this.kinds.has(kind.name)) throw new Error(`There are two kinds of data ${kind.name}.`);
    this.kinds.set(kind.name, kind);
  }

  /** In the order in which they have their turn, whoever came first. */
  get all(): RetentionKind[] {
    return RETENTION_KINDS.flatMap((name) => this.kinds.get(name) ?? []);
  }

  /** What is older than this is deleted now; undefined: nothing is. */
  before({ keepFor, expires }: RetentionKind): Date | undefined {
    if (!Number.isFinite(keepFor)) return undefined;
    return new Date(expires ? this.clock.now() : this.clock.now() - keepFor);
  }
}
