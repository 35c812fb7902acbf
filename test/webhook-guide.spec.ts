import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../src/config/config.js';
import { packageFolder } from '../src/config/package-folder.js';
import { newSecret, signingKey } from '../src/webhooks/signing/webhook-secret.js';
import { webhookSignature } from '../src/webhooks/signing/webhook-signature.js';

interface Request {
  readonly secret: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly now: number;
}

interface RequestParts extends Partial<Pick<Request, 'body' | 'now'>> {
  readonly signedBy?: readonly string[];
  readonly sentAt?: number;
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

type IsAuthentic = (
  secret: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  now: number,
) => boolean;

const MINUTE = 60;
const NOW = 1_795_251_600;
const BODY = '{"type":"message.received","timestamp":"2026-11-21T09:00:00.120Z","data":{"content":"Grüße"}}';
const ID = '019aa5c6-7b43-7e20-9b1c-3f4a5b6c7d8e';

/** How to run what the guide gives for a language: it gets requests as JSON, and answers which of them it believes. */
const INTERPRETERS = {
  python: {
    command: ['python3', '-c'],
    around: (code: string) => `${code}
import json, sys
print(json.dumps([is_authentic(r["secret"], r["headers"], r["body"].encode(), r["now"]) for r in json.load(sys.stdin)]))`,
  },
  php: {
    command: ['php', '-d', 'display_errors=stderr', '-r'],
    around: (code: string) => `${code.replace('<?php', '')}
echo json_encode(array_map(fn($r) => is_authentic($r['secret'], $r['headers'], $r['body'], $r['now']),
  json_decode(file_get_contents('php://stdin'), true)));`,
  },
  ruby: {
    command: ['ruby', '-e'],
    around: (code: string) => `${code}
require "json"
puts JSON.parse(STDIN.read).map { |r| authentic?(r["secret"], r["headers"], r["body"], r["now"]) }.to_json`,
  },
} as const;

describe('the guide for integrators', () => {
  const guide = readFileSync(join(packageFolder(import.meta.url), 'docs/webhooks.md'), 'utf8');

  /** The code that the guide gives for a language. */
  function codeFor(language: string): string {
    const code = new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 's').exec(guide)?.[1];
    if (code === undefined) throw new Error(`There is no ${language} in the guide.`);
    return code;
  }

  const [secret, former] = [newSecret(), newSecret()];

  /** A request, as it came to somebody who knows the one secret; undefined: a header that is missing. */
  function request({
    signedBy = [secret],
    sentAt = NOW,
    body = BODY,
    now = NOW,
    headers = {},
  }: RequestParts = {}): Request {
    const sent = {
      'webhook-id': ID,
      'webhook-timestamp': String(sentAt),
      'webhook-signature': webhookSignature(ID, sentAt, Buffer.from(BODY), signedBy.map(signingKey)),
      ...headers,
    };
    const received = Object.entries(sent).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    );
    return { secret, headers: Object.fromEntries(received), body, now };
  }

  const AUTHENTIC: readonly [what: string, RequestParts][] = [
    ['what we signed', {}],
    ['what the former secret signed too', { signedBy: [former, secret] }],
    ['what is a little late', { now: NOW + 5 * MINUTE }],
  ];
  const FORGED: readonly [what: string, RequestParts][] = [
    ['another body', { body: BODY.replace('Grüße', 'Gruesse') }],
    ['another secret', { signedBy: [former] }],
    ['what is old', { now: NOW + 5 * MINUTE + 1 }],
    ['what comes from the future', { now: NOW - 5 * MINUTE - 1 }],
    ['a time that is none', { headers: { 'webhook-timestamp': 'soon' } }],
    ['a signature of another kind', { headers: { 'webhook-signature': 'v1a,grüße v2, v1' } }],
    ['no id', { headers: { 'webhook-id': undefined } }],
    ['no time', { headers: { 'webhook-timestamp': undefined } }],
    ['no signature', { headers: { 'webhook-signature': undefined } }],
  ];

  describe('checks a signature in JavaScript', () => {
    let isAuthentic: IsAuthentic;
    beforeAll(async () => {
      ({ isAuthentic } = await import(`data:text/javascript,${encodeURIComponent(codeFor('js'))}`));
    });
    const check = (parts: RequestParts) => {
      const { headers, body, now } = request(parts);
      return isAuthentic(secret, headers, body, now);
    };

    it.each(AUTHENTIC)('that believes %s', (_, parts) => expect(check(parts)).toBe(true));
    it.each(FORGED)('that does not believe %s', (_, parts) => expect(check(parts)).toBe(false));
  });

  // In those that are here: nobody needs them to work on Otklik. Go, which has to be compiled first, was checked by hand: 1.19.
  for (const [language, { command, around }] of Object.entries(INTERPRETERS)) {
    if (spawnSync(command[0], ['--version']).status !== 0) continue;

    it(`checks a signature in ${language} as in JavaScript`, () => {
      const cases = [...AUTHENTIC, ...FORGED];
      const input = JSON.stringify(cases.map(([, parts]) => request(parts)));
      const { stdout, stderr } = spawnSync(command[0], [...command.slice(1), around(codeFor(language))], {
        input,
        encoding: 'utf8',
      });
      expect(stderr).toBe('');
      const believed: boolean[] = JSON.parse(stdout);
      expect(cases.map(([what], index) => [what, believed[index]])).toEqual([
        ...AUTHENTIC.map(([what]) => [what, true]),
        ...FORGED.map(([what]) => [what, false]),
      ]);
    });
  }

  it('lists the waits of the retry schedule as they are', () => {
    const { retrySchedule } = loadConfig({}).webhooks;
    const waits = [...guide.matchAll(/^\| \d+ \| (\d+) (s|min|h) \|/gm)].map(
      ([, count, unit]) => Number(count) * { s: 1, min: 60, h: 3600 }[unit as 's' | 'min' | 'h'] * 1000,
    );
    expect(waits).toEqual(retrySchedule);
  });
});
