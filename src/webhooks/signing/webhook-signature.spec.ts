import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { newSecret, signingKey } from './webhook-secret.js';
import { webhookSignature } from './webhook-signature.js';

const anyBody = fc.string({ unit: 'grapheme' });
const anyId = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 64 });
const secrets = fc
  .uint8Array({ minLength: 24, maxLength: 64 })
  .map((bytes) => `whsec_${Buffer.from(bytes).toString('base64')}`);

/** What the package checks; its clock is the computer's. */
const now = () => Math.floor(Date.now() / 1000);

const headersOf = (id: string, timestamp: number, signature: string) => ({
  'webhook-id': id,
  'webhook-timestamp': String(timestamp),
  'webhook-signature': signature,
});

describe('a signature', () => {
  // From the test suites of Standard Webhooks, and from the documentation of Svix, where it comes from.
  it.each([
    {
      secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      timestamp: 1614265330,
      body: '{"test": 2432232314}',
      signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    },
    {
      secret: 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD',
      id: 'msg_27UH4WbU6Z5A5EzD8u03UvzRbpk',
      timestamp: 1649367553,
      body: '{"email":"test@example.com","username":"test_user"}',
      signature: 'v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=',
    },
  ])('is the published one: $id', ({ secret, id, timestamp, body, signature }) => {
    expect(webhookSignature(id, timestamp, body, [signingKey(secret)])).toBe(signature);
    expect(webhookSignature(id, timestamp, Buffer.from(body), [signingKey(secret)])).toBe(signature);
  });

  it('of ours is verified by the public package, whatever is signed with whatever', () => {
    fc.assert(
      fc.property(anyId, anyBody, secrets, (id, body, secret) => {
        const signature = webhookSignature(id, now(), Buffer.from(body), [signingKey(secret)]);
        const verify = () =>
          new Webhook(secret).verify(body, headersOf(id, now(), signature), { jsonParse: false });
        expect(verify).not.toThrow();
      }),
    );
  });

  it('of the public package is ours', () => {
    fc.assert(
      fc.property(
        anyId,
        anyBody,
        secrets,
        fc.integer({ min: 0, max: 4e9 }),
        (id, body, secret, timestamp) => {
          expect(webhookSignature(id, timestamp, body, [signingKey(secret)])).toBe(
            new Webhook(secret).sign(id, new Date(timestamp * 1000), body),
          );
        },
      ),
    );
  });

  it('is there for each secret, the first one first, and each of them is enough', () => {
    const [present, old] = [newSecret(), newSecret()];
    const timestamp = now();
    const both = webhookSignature('id', timestamp, '{}', [signingKey(present), signingKey(old)]);
    expect(both).toBe(
      [present, old].map((secret) => webhookSignature('id', timestamp, '{}', [signingKey(secret)])).join(' '),
    );
    for (const secret of [present, old]) {
      expect(new Webhook(secret).verify('{}', headersOf('id', timestamp, both))).toEqual({});
    }
    expect(() => new Webhook(newSecret()).verify('{}', headersOf('id', timestamp, both))).toThrow(
      'No matching signature',
    );
  });

  it('changes with the id, the time, the body and the secret', () => {
    const key = signingKey(newSecret());
    const signature = webhookSignature('id', 1, 'body', [key]);
    expect(webhookSignature('jd', 1, 'body', [key])).not.toBe(signature);
    expect(webhookSignature('id', 2, 'body', [key])).not.toBe(signature);
    expect(webhookSignature('id', 1, 'bodz', [key])).not.toBe(signature);
    expect(webhookSignature('id', 1, 'body', [signingKey(newSecret())])).not.toBe(signature);
  });
});
