import { parseArgs } from 'node:util';
import { DemoProblem, describeFault } from './demo-problem.js';

export interface DemoOptions {
  readonly file: string | null;
  readonly textColumn: string | null;
  readonly clientColumn: string | null;
  /** A running Otklik to use; without one the demo starts its own. */
  readonly target: { readonly url: string; readonly key: string } | null;
  readonly connections: number;
  readonly limit: number | null;
  readonly keep: boolean;
}

export const MAX_CONNECTIONS = 256;
const DEFAULT_CONNECTIONS = 32;

export const HELP = `Pushes a CSV of customer messages through Otklik's HTTP API and shows what came of it.

  npm run demo                                  its own messages, an Otklik of its own, gone afterwards
  npm run demo -- --keep                        the same, left running to look around in
  npm run demo -- --file support.csv            your messages
  npm run demo -- --url http://127.0.0.1:3000 --key KEY

  --file FILE        a CSV with a header line; comma, semicolon or tab
  --text COLUMN      the column with the messages
                     (without it: text, message or content, else the column with the longest texts)
  --client COLUMN    the column that says who wrote (without it: clientId or client_id; where there is
                     none, clients are invented who write about three messages each)
  --url URL          use a running Otklik instead of starting one
  --key KEY          its API key, with the scopes messages:write and messages:read
  --connections N    how many messages are under way at once, 1 to ${MAX_CONNECTIONS} (default ${DEFAULT_CONNECTIONS});
                     one client's messages always go one after another
  --limit N          send the first N messages only
  --keep             leave the started Otklik running until Ctrl-C
  --help             this text

An Otklik that it starts itself also tells an endpoint on this computer of everything that happens.

About one request in a hundred is sent twice on purpose, with the same Idempotency-Key. What
one client wrote twice in a row goes without a key: the server finds such a double by its content.
The Otklik that the demo starts has its rate limits off; one given by --url keeps its own.
`;

function parseStrictly(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: false,
      options: {
        file: { type: 'string' },
        text: { type: 'string' },
        client: { type: 'string' },
        url: { type: 'string' },
        key: { type: 'string' },
        connections: { type: 'string' },
        limit: { type: 'string' },
        keep: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    const [firstSentence] = describeFault(error).split(/\.\s/);
    throw new DemoProblem(`${firstSentence}. See npm run demo -- --help`);
  }
}

function wholeNumber(name: string, text: string, max: number): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= 1 && value <= max)) {
    const range = max === Number.MAX_SAFE_INTEGER ? 'of at least 1' : `from 1 to ${max}`;
    throw new DemoProblem(`--${name} takes a whole number ${range}, not "${text}".`);
  }
  return value;
}

function readTarget(url: string | undefined, key: string | undefined): DemoOptions['target'] {
  if (url === undefined && key === undefined) return null;
  if (url === undefined) throw new DemoProblem('--key goes with --url: which Otklik is it for?');
  if (key === undefined || key === '') throw new DemoProblem('--url needs --key, an API key of that Otklik.');
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw new DemoProblem('--key holds characters that no API key has (blanks, line ends, non-ASCII).');
  }
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || !['http:', 'https:'].includes(parsed.protocol)) {
    throw new DemoProblem(`--url takes an address such as http://127.0.0.1:3000, not "${url}".`);
  }
  return { url: parsed.href.replace(/\/+$/, ''), key };
}

/** Reads the command line; `null` means that the person asked for help. Throws DemoProblem. */
export function parseOptions(args: readonly string[]): DemoOptions | null {
  const values = parseStrictly(args);
  if (values.help) return null;
  const target = readTarget(values.url, values.key);
  if (values.keep && target !== null) {
    throw new DemoProblem(
      '--keep is for the Otklik that the demo starts itself; the one at --url stays anyway.',
    );
  }
  return {
    file: values.file ?? null,
    textColumn: values.text ?? null,
    clientColumn: values.client ?? null,
    target,
    connections:
      values.connections === undefined
        ? DEFAULT_CONNECTIONS
        : wholeNumber('connections', values.connections, MAX_CONNECTIONS),
    limit: values.limit === undefined ? null : wholeNumber('limit', values.limit, Number.MAX_SAFE_INTEGER),
    keep: values.keep,
  };
}
