import { parseArgs } from 'node:util';
import { chosenOf, UsageError, wholeNumber } from '../command-line.js';

export const CONTENDERS = ['bare', 'ours', 'together'] as const;
export type ContenderName = (typeof CONTENDERS)[number];

export interface Options {
  readonly rounds: number;
  /** For how long messages come in, in each measurement of latency. */
  readonly seconds: number;
  /** In each measurement of throughput. */
  readonly deliveries: number;
  readonly only: readonly ContenderName[];
  /** A smoke test or a part: its figures are not for publication. */
  readonly isPartial: boolean;
}

export const HELP = `Measures how many webhooks Otklik delivers a second, and how soon an event arrives, beside what undici does alone.

  npm run bench:webhooks                        everything, three rounds: the published figures
  npm run bench:webhooks -- --quick             one small round: does it work at all?

  --rounds N        rounds, in each of which every contender has its turn (default 3)
  --seconds N       for how long 500 events happen a second, in each measurement of latency (default 10)
  --deliveries N    deliveries in each measurement of throughput, from 1,000 to 200,000 (default 20,000)
  --only A,B        some contenders only: ${CONTENDERS.join(', ')}
  --quick           one round of two seconds and 2,000 deliveries
  --help            this text
`;

const FULL = 20_000;
const SAMPLE = 2000;
/** With fewer, too few signatures would be checked. */
const FEWEST = 1000;
/** More could outlast the patience with which the last one is awaited, on a slow machine. */
const MOST = 200_000;

/** Reads the command line; undefined means that the person asked for help. @throws {UsageError} */
export function parseOptions(args: readonly string[]): Options | undefined {
  const values = parse(args);
  if (values.help) return undefined;
  const only = chosenOf(CONTENDERS, values.only);
  const rounds = values.quick ? 1 : wholeNumber('rounds', values.rounds, 1000);
  const seconds = values.quick ? 2 : wholeNumber('seconds', values.seconds, 600);
  const deliveries = wholeNumber(
    'deliveries',
    values.deliveries ?? String(values.quick ? SAMPLE : FULL),
    MOST,
  );
  if (deliveries < FEWEST) throw new UsageError(`--deliveries takes at least ${FEWEST}, not ${deliveries}.`);
  return {
    rounds,
    seconds,
    deliveries,
    only,
    isPartial: rounds < 3 || seconds < 5 || deliveries < FULL || only.length < CONTENDERS.length,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        rounds: { type: 'string', default: '3' },
        seconds: { type: 'string', default: '10' },
        deliveries: { type: 'string' },
        only: { type: 'string' },
        quick: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : error}\n\n${HELP}`);
  }
}
