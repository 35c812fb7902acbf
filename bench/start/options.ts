import { parseArgs } from 'node:util';
import { UsageError, wholeNumber } from '../command-line.js';

export interface Options {
  readonly rounds: number;
  /** A smoke test: its figures are not for publication. */
  readonly isPartial: boolean;
}

export const HELP = `Measures how long Otklik takes to start on its embedded database, beside an empty Nest application.

  npm run bench:start                     fifteen rounds: the published figures
  npm run bench:start -- --quick          two rounds: does it work at all?

  --rounds N      rounds, in each of which both start once (default 15)
  --help          this text
`;

const ROUNDS = 15;

/** Reads the command line; undefined means that the person asked for help. @throws {UsageError} */
export function parseOptions(args: readonly string[]): Options | undefined {
  const values = parse(args);
  if (values.help) return undefined;
  const rounds = values.quick ? 2 : wholeNumber('rounds', values.rounds, 1000);
  return { rounds, isPartial: rounds < ROUNDS };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        rounds: { type: 'string', default: String(ROUNDS) },
        quick: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : error}\n\n${HELP}`);
  }
}
