import { parseArgs } from 'node:util';
import { chosenOf, UsageError, wholeNumber } from './command-line.js';
import { STORED_STEP } from './stored/shape.js';
import { wholes } from './table.js';

export const CONTENDERS = ['pgbench', 'fastify', 'nest-save', 'ours', 'ours-stored'] as const;
export type ContenderName = (typeof CONTENDERS)[number];

export interface Options {
  readonly rounds: number;
  /** Measured seconds for each contender in each round. */
  readonly seconds: number;
  /** Seconds before them that are not measured. */
  readonly warmUp: number;
  readonly only: readonly ContenderName[];
  /** Messages in the full database before the first measurement. */
  readonly stored: number;
  /** A smoke test or a part: its figures are not for publication. */
  readonly isPartial: boolean;
}

export const HELP = `Measures Otklik's ingest over HTTP, from request to commit, and what it is compared with.

  npm run bench:ingest                          everything, three rounds: the published figures
  npm run bench:ingest -- --quick               one round of one second each: does it work at all?

  --rounds N      rounds, in each of which every contender has its turn (default 3)
  --seconds N     measured seconds for each in each round (default 5)
  --only A,B      some contenders only: ${CONTENDERS.join(', ')}
  --stored N      messages that ours-stored begins with, by the 10,000, up to 20,000,000 (default 1,000,000)
  --quick         the same as --rounds 1 --seconds 1 --stored 20000
  --help          this text
`;

/** Messages in a database that counts as full, unless the command line says how many. */
const FULL = 1_000_000;
const SAMPLE = 20_000;
const MOST_STORED = 20_000_000;

/** Reads the command line; undefined means that the person asked for help. @throws {UsageError} */
export function parseOptions(args: readonly string[]): Options | undefined {
  const values = parse(args);
  if (values.help) return undefined;
  const only = chosenOf(CONTENDERS, values.only);
  const rounds = values.quick ? 1 : wholeNumber('rounds', values.rounds, 1000);
  const seconds = values.quick ? 1 : wholeNumber('seconds', values.seconds, 3600);
  const stored = storedMessages(values.stored ?? String(values.quick ? SAMPLE : FULL));
  return {
    rounds,
    seconds,
    warmUp: values.quick ? 1 : 2,
    only,
    stored,
    isPartial: rounds < 3 || seconds < 3 || stored < FULL || only.length < CONTENDERS.length,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        rounds: { type: 'string', default: '3' },
        seconds: { type: 'string', default: '5' },
        only: { type: 'string' },
        stored: { type: 'string' },
        quick: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : error}\n\n${HELP}`);
  }
}

function storedMessages(text: string): number {
  const messages = wholeNumber('stored', text, MOST_STORED);
  if (messages % STORED_STEP === 0) return messages;
  throw new UsageError(`--stored takes a multiple of ${wholes(STORED_STEP)}, not "${text}".`);
}
