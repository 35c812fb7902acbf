import { parseArgs } from 'node:util';
import { chosenOf, UsageError, wholeNumber } from '../command-line.js';

export const CONTENDERS = ['pgbench', 'ours', 'graphile', 'graphile-local', 'pg-boss', 'bare'] as const;
export type ContenderName = (typeof CONTENDERS)[number];

export interface Options {
  readonly rounds: number;
  /** In which reminders come due one after the other, in each measurement of lateness. */
  readonly seconds: number;
  readonly only: readonly ContenderName[];
  /** Reminders and jobs that each database holds and that do not come due. */
  readonly pending: number;
  /** Overdue ones, in each measurement of throughput. */
  readonly due: number;
  /** That come due at the same instant. */
  readonly atOnce: number;
  /** A smoke test or a part: its figures are not for publication. */
  readonly isPartial: boolean;
}

export const HELP = `Measures how many reminders Otklik sends a second, how late it begins them, and what it is compared with.

  npm run bench:reminders                       everything, three rounds: the published figures
  npm run bench:reminders -- --quick            one small round: does it work at all?

  --rounds N      rounds, in each of which every contender has its turn (default 3)
  --seconds N     for how long 200 come due a second, in each measurement of lateness (default 10)
  --only A,B      some contenders only: ${CONTENDERS.join(', ')}
  --pending N     reminders or jobs in each database that do not come due, up to 10,000,000 (default 1,000,000)
  --quick         one round of two seconds, a tenth of what is due, and --pending 20000
  --help          this text
`;

/** Pending reminders that the goals ask for, unless the command line says how many. */
const FULL = 1_000_000;
const SAMPLE = 20_000;
const MOST_PENDING = 10_000_000;

/** Reads the command line; undefined means that the person asked for help. @throws {UsageError} */
export function parseOptions(args: readonly string[]): Options | undefined {
  const values = parse(args);
  if (values.help) return undefined;
  const only = chosenOf(CONTENDERS, values.only);
  const rounds = values.quick ? 1 : wholeNumber('rounds', values.rounds, 1000);
  const seconds = values.quick ? 2 : wholeNumber('seconds', values.seconds, 600);
  const pending = wholeNumber(
    'pending',
    values.pending ?? String(values.quick ? SAMPLE : FULL),
    MOST_PENDING,
  );
  return {
    rounds,
    seconds,
    only,
    pending,
    due: values.quick ? 2000 : 20_000,
    atOnce: values.quick ? 1000 : 10_000,
    isPartial: rounds < 3 || seconds < 5 || pending < FULL || only.length < CONTENDERS.length,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        rounds: { type: 'string', default: '3' },
        seconds: { type: 'string', default: '10' },
        only: { type: 'string' },
        pending: { type: 'string' },
        quick: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : error}\n\n${HELP}`);
  }
}
