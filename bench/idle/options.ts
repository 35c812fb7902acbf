import { parseArgs } from 'node:util';
import { UsageError, wholeNumber } from '../command-line.js';

export interface Options {
  /** Measured, after one that is not. */
  readonly minutes: number;
  /** A smoke test: its figures are not for publication. */
  readonly isPartial: boolean;
}

export const HELP = `Measures what an Otklik that has nothing to do asks of its database, and whether its memory stays flat.

  npm run bench:idle                      an hour: the published figures
  npm run bench:idle -- --minutes 5

  --minutes N     measured minutes, after a first one that is not (default 60)
  --help          this text
`;

const HOUR = 60;

/** Reads the command line; undefined means that the person asked for help. @throws {UsageError} */
export function parseOptions(args: readonly string[]): Options | undefined {
  const values = parse(args);
  if (values.help) return undefined;
  const minutes = wholeNumber('minutes', values.minutes, 10_000);
  return { minutes, isPartial: minutes < HOUR };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        minutes: { type: 'string', default: String(HOUR) },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : error}\n\n${HELP}`);
  }
}
