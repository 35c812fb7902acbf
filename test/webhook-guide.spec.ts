import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../src/config/config.js';
import { packageFolder } from '../src/config/package-folder.js';
import { newSecret, signingKey } from '../src/webhooks/signing/webhook-secret.js';
import { webhookSignature } from '../src/webhooks/signing/webhook-signature.js';

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

describe('the guide for integrators', () => {
  const guide = readFileSync(join(packageFolder(import.meta.url), 'docs/webhooks.md'), 'utf8');

  /** The code that the guide gives for a language. */
  function codeFor(language: string): string {
    const code = new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 's').exec(guide)?.[1];
    if (code === undefined) throw new Error(`There is no ${language} in the guide.`);
    return code;
  }

  describe('checks a signature in JavaScript', () => {
    let isAuthentic: IsAuthentic;
    beforeAll(async () => {
      ({ isAuthentic } = await import(`data:text/javascript,${encodeURIComponent(codeFor('js'))}`));
    });
    const [secret, former] = [newSecret(), newSecret()];

    function check({ signedBy = [secret], sentAt = NOW, body = BODY, now = NOW } = {}): boolean {
      const headers = {
        'webhook-id': ID,
        'webhook-timestamp': String(sentAt),
        'webhook-signature': webhookSignature(ID, sentAt, Buffer.from(BODY), signedBy.map(signingKey)),
      };
      return isAuthentic(secret, headers, body, now);
    }

    it.each([
      ['what we signed', {}],
      ['what the former secret signed too', { signedBy: [former, secret] }],
      ['what is a little late', { now: NOW + 5 * MINUTE }],
    ])('that believes %s', (_, request) => {
      expect(check(request)).toBe(true);
    });

    it.each([
      ['another body', { body: BODY.replace('Grüße', 'Gruesse') }],
      ['another secret', { signedBy: [former] }],
      ['what is old', { now: NOW + 5 * MINUTE + 1 }],
      ['what comes from the future', { now: NOW - 5 * MINUTE - 1 }],
    ])('that does not believe %s', (_, request) => {
      expect(check(request)).toBe(false);
    });
  });

  it('lists the waits of the retry schedule as they are', () => {
    const { retrySchedule } = loadConfig({}).webhooks;
    const waits = [...guide.matchAll(/^\| \d+ \| (\d+) (s|min|h) \|/gm)].map(
      ([, count, unit]) => Number(count) * { s: 1, min: 60, h: 3600 }[unit as 's' | 'min' | 'h'] * 1000,
    );
    expect(waits).toEqual(retrySchedule);
  });
});
