import type { Kill } from './crash-test.js';
import { acknowledgement, type CallHistory, isAcknowledged } from './record.js';
import { VICTIMS } from './victims.js';

/** What a crash test did, and what it found. */
export interface CrashSummary {
  readonly seconds: number;
  readonly calls: number;
  readonly keyed: number;
  /** Requests, with those that were sent again. */
  readonly requests: number;
  readonly acknowledged: number;
  /** Answers that said that they repeat an earlier one. */
  readonly replays: number;
  /** Requests to which no answer came. */
  readonly lost: number;
  /** Requests that were told to come back later. */
  readonly refused: number;
  readonly kills: readonly Kill[];
  /** What was promised and not kept; empty, if all is well. */
  readonly faults: readonly string[];
}

export function summarise(
  histories: readonly CallHistory[],
  kills: readonly Kill[],
  seconds: number,
  faults: readonly string[],
): CrashSummary {
  const answers = histories.flatMap((history) => history.answers);
  const lost = histories.reduce((sum, history) => sum + history.lost, 0);
  return {
    seconds,
    calls: histories.length,
    keyed: histories.filter(({ call }) => call.key !== undefined).length,
    requests: answers.length + lost,
    acknowledged: histories.filter(acknowledgement).length,
    replays: answers.filter((answer) => isAcknowledged(answer) && answer.body.duplicate).length,
    lost,
    refused: answers.filter(({ status }) => status === 503).length,
    kills,
    faults,
  };
}

/** The summary for people. */
export function describeSummary(summary: CrashSummary): string {
  const lines = [
    `${summary.calls} calls (${summary.keyed} with a key) in ${summary.seconds.toFixed(1)} s, ` +
      `${summary.requests} requests`,
    `${summary.acknowledged} acknowledged, ${summary.replays} answers were replays; ` +
      `${summary.lost} requests got no answer, ${summary.refused} were told to come back (503)`,
    `${summary.kills.length} kills; the longest time that nothing was acknowledged after each:`,
    ...VICTIMS.map((victim) => downtimes(victim, summary.kills)).filter((line) => line !== undefined),
    '',
    summary.faults.length === 0
      ? 'Nothing acknowledged is missing, nothing is doubled, nothing is half-applied.'
      : `${summary.faults.length} faults:`,
    ...summary.faults.slice(0, 20).map((fault) => `  - ${fault}`),
  ];
  return lines.join('\n');
}

function downtimes(victim: string, kills: readonly Kill[]): string | undefined {
  const times = kills
    .filter((kill) => kill.victim === victim)
    .map(({ downtime }) => Math.round(downtime))
    .sort((a, b) => a - b);
  if (times.length === 0) return undefined;
  const median = times[Math.floor((times.length - 1) / 2)];
  return `  ${victim.padEnd(10)} ${String(times.length).padStart(3)} times: median ${median} ms, max ${times.at(-1)} ms`;
}
