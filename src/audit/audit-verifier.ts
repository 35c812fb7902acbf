import { Injectable } from '@nestjs/common';
import { AuditRepository, type Head } from './audit.repository.js';
import { type AuditEntry, hashOf, NO_ENTRY } from './audit-entry.js';

/** Entries that are in memory at once. */
const BATCH = 1_000;

const BEGINNING = { number: 0, id: '00000000-0000-0000-0000-000000000000' };

/** What was found. */
export interface Verification {
  readonly entries: number;
  /** The last entry; undefined: there is none. */
  readonly head: Head | undefined;
  /**
   * Entries that do not follow the one before them, but another that is there, or none: a restore has brought the
   * history of another database, or let two go on from the same entry.
   */
  readonly branches: number;
  /** The first entry with which something is wrong, and what. */
  readonly broken: { readonly entry: AuditEntry; readonly reason: string } | undefined;
}

/** Whether what was recorded is as it was recorded, from the first entry to the last. */
@Injectable()
export class AuditVerifier {
  constructor(private readonly entries: AuditRepository) {}

  /** @param passed told how many entries were looked at, of how many there are about */
  async verify(passed: (count: number, of: number) => void = () => undefined): Promise<Verification> {
    const highest = await this.entries.highest();
    let [count, branches] = [0, 0];
    let last: AuditEntry | undefined;
    for (;;) {
      const batch = await this.entries.behind(last ?? BEGINNING, BATCH);
      const elsewhere = await this.notBehindTheirNeighbour(batch, last);
      for (const entry of batch) {
        count++;
        const follows =
          entry.previous === (last?.hash ?? NO_ENTRY) && entry.number === (last?.number ?? 0) + 1;
        const reason = faultOf(entry, follows, elsewhere);
        if (reason !== undefined) return { entries: count, head: last, branches, broken: { entry, reason } };
        if (!follows) branches++;
        last = entry;
      }
      passed(count, Math.max(count, highest));
      if (batch.length < BATCH) return { entries: count, head: last, branches, broken: undefined };
    }
  }

  /** Whether there is an entry with this hash, which somebody has kept elsewhere. */
  async has(hash: string): Promise<boolean> {
    return (await this.entries.known([hash])).has(hash);
  }

  /** What stands at another place, of what entries say is before them. */
  private async notBehindTheirNeighbour(
    batch: readonly AuditEntry[],
    last: AuditEntry | undefined,
  ): Promise<ReadonlySet<string>> {
    const hashes = batch
      .filter(({ previous }, index) => previous !== (index === 0 ? last : batch[index - 1])?.hash)
      .map(({ previous }) => previous);
    return hashes.length === 0 ? new Set() : this.entries.known(hashes);
  }
}

function faultOf(entry: AuditEntry, follows: boolean, elsewhere: ReadonlySet<string>): string | undefined {
  if (hashOf(entry) !== entry.hash) return 'it is not as it was recorded: its hash is another one';
  if (follows) return undefined;
  if (entry.previous === NO_ENTRY) {
    return entry.number === 1 ? undefined : 'it says that it is the first, and its number is another one';
  }
  return elsewhere.has(entry.previous)
    ? undefined
    : `the entry before it, number ${entry.number - 1}, is gone`;
}
