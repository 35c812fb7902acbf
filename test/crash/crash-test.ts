import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom } from '../../src/triage/training/seeded-random.js';
import { type CrashSummary, summarise } from './crash-summary.js';
import { Load } from './load.js';
import { findFaults } from './proof.js';
import { CallRecord, readHistories } from './record.js';
import { VICTIMS, type Victim, Victims } from './victims.js';

export interface CrashOptions {
  readonly kills: number;
  /** The same seed makes the same calls and kills, as far as time allows. */
  readonly seed: number;
  readonly connections: number;
  readonly clients: number;
  /** An empty folder: the data directory, the log and the client's record go here. */
  readonly folder: string;
  /** Told of each kill. */
  readonly onKill?: (number: number, kill: Kill) => void;
}

/** One kill, and the longest time without any acknowledged answer that followed it, in milliseconds. */
export interface Kill {
  readonly victim: Victim;
  readonly downtime: number;
}

/** The longest time under load between two kills, in milliseconds. */
const LONGEST_PEACE = 1_500;

const REPLAYS = 2_000;

/** Kills a loaded Otklik and its PostgreSQL again and again, and then proves what it promised meanwhile. */
export async function runCrashTest(options: CrashOptions): Promise<CrashSummary> {
  const random = seededRandom(options.seed);
  const file = join(options.folder, 'record.jsonl');
  const record = new CallRecord(file);
  const victims = await Victims.start(options.folder);
  const load = new Load(() => victims.api, record, options);
  try {
    const startedAt = performance.now();
    load.start();
    await load.firstDoneAfter(startedAt);
    const kills: Kill[] = [];
    for (let number = 0; number < options.kills; number++) {
      await delay(random() * LONGEST_PEACE);
      const victim = VICTIMS[number % VICTIMS.length] ?? 'otklik';
      record.write({ at: Date.now(), what: 'kill', victim });
      const killedAt = performance.now();
      await victims.kill(victim, random);
      // A dying PostgreSQL still answers here and there: only what is done once it is back ends the downtime.
      await load.firstDoneAfter(performance.now());
      const downtime = load.longestSilenceSince(killedAt);
      kills.push({ victim, downtime });
      options.onKill?.(number + 1, { victim, downtime });
    }
    await load.stop();
    const seconds = (performance.now() - startedAt) / 1_000;
    await record.close();

    const histories = await readHistories(file);
    const faults = await findFaults(histories, victims.api, victims.databaseUrl(), REPLAYS);
    return summarise(histories, kills, seconds, faults);
  } finally {
    await load.abandon();
    await victims.stop();
  }
}
