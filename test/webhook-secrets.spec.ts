import { randomBytes } from 'node:crypto';
import type { Problem } from '../src/http/problem.js';
import type {
  CreatedWebhook,
  RotatedSecret,
  WebhookTestView,
  WebhookView,
} from '../src/webhooks/webhook.schemas.js';
import { WebhookTargets } from '../src/webhooks/webhook-targets.js';
import { DAY, HOUR, SECOND } from './support/settable-clock.js';
import { TestOtklik } from './support/test-otklik.js';
import { SignatureCheck } from './support/webhook-receiver/signature-check.js';
import { WebhookReceiver } from './support/webhook-receiver.js';

const LOOPBACK = { WEBHOOK_ALLOW_HTTP: 'true', WEBHOOK_ALLOWED_CIDRS: '127.0.0.0/8' };

const otklik = new TestOtklik({ env: LOOPBACK });
let receiver: WebhookReceiver;
let webhook: CreatedWebhook;

beforeAll(async () => {
  await otklik.start();
  receiver = await WebhookReceiver.start({ now: () => otklik.clock.now() });
});
beforeEach(async () => {
  webhook = (await otklik.api.post<CreatedWebhook>('/api/webhooks', { url: receiver.url() })).body;
});
afterEach(() => otklik.database.execute('delete from webhooks'));
afterAll(async () => {
  await receiver.close();
  await otklik.stop();
});

async function rotate(at = otklik): Promise<RotatedSecret> {
  const { status, body } = await at.api.post<RotatedSecret>(`/api/webhooks/${webhook.id}/rotate-secret`, {});
  expect(status).toBe(200);
  return body;
}

/** Which of the secrets the next request is signed with, and how many signatures it has. */
async function signedWith(
  secrets: readonly string[],
  by = otklik,
): Promise<{ right: number[]; signatures: number }> {
  receiver.clear();
  await by.api.post<WebhookTestView>(`/api/webhooks/${webhook.id}/test`, {});
  const [request] = receiver.requests;
  if (!request) throw new Error('Nothing arrived.');
  const right = secrets.flatMap((secret, index) =>
    new SignatureCheck([secret], () => otklik.clock.now()).fault(request.headers, request.body) === undefined
      ? [index]
      : [],
  );
  return { right, signatures: String(request.headers['webhook-signature']).split(' ').length };
}

const storedSecrets = () =>
  otklik.database.query<{ sealed: Buffer; expires_at: Date | null }>(
    'select sealed, expires_at from webhook_secrets where webhook_id = $1 order by id',
    [webhook.id],
  );

describe('rotating a secret', () => {
  it('lets the old one sign too for a day, and no longer', async () => {
    expect(await signedWith([webhook.secret])).toEqual({ right: [0], signatures: 1 });
    const { secret, previousUntil } = await rotate();
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(previousUntil).toBe(otklik.clock.iso(DAY));
    const both = [secret, webhook.secret];
    expect(await signedWith(both)).toEqual({ right: [0, 1], signatures: 2 });
    otklik.clock.advance(DAY - 1);
    expect(await signedWith(both)).toEqual({ right: [0, 1], signatures: 2 });
    otklik.clock.advance(1);
    expect(await signedWith(both)).toEqual({ right: [0], signatures: 1 });
  });

  it('again and again lets the last five sign, and each old one as long as it may', async () => {
    const secrets = [webhook.secret];
    for (let n = 0; n < 6; n++) {
      otklik.clock.advance(HOUR);
      secrets.push((await rotate()).secret);
    }
    expect(await signedWith(secrets)).toEqual({ right: [2, 3, 4, 5, 6], signatures: 5 });
    expect(await storedSecrets()).toHaveLength(5);
    // The third was replaced three hours before the last one was made: its day is over.
    otklik.clock.advance(21 * HOUR);
    expect(await signedWith(secrets)).toEqual({ right: [3, 4, 5, 6], signatures: 4 });
    otklik.clock.advance(DAY);
    secrets.push((await rotate()).secret);
    expect(await storedSecrets()).toHaveLength(2);
    expect(await signedWith(secrets)).toEqual({ right: [6, 7], signatures: 2 });
  });

  it('by several at once leaves one present secret, which the last of them was told', async () => {
    const rotated = await Promise.all([1, 2, 3, 4].map(() => rotate()));
    const stored = await storedSecrets();
    expect(stored.filter(({ expires_at }) => expires_at === null)).toHaveLength(1);
    const { right } = await signedWith(rotated.map(({ secret }) => secret));
    expect(right).toEqual([0, 1, 2, 3]);
    otklik.clock.advance(DAY);
    expect((await signedWith(rotated.map(({ secret }) => secret))).right).toHaveLength(1);
  });

  it('is known to other processes at once', async () => {
    const replica = new TestOtklik({ beside: otklik, env: LOOPBACK });
    await replica.start();
    try {
      expect((await signedWith([webhook.secret], replica)).right).toEqual([0]);
      const { secret } = await rotate();
      expect((await signedWith([secret, webhook.secret], replica)).right).toEqual([0, 1]);
    } finally {
      await replica.stop();
    }
  });

  it('ends the old one at once where there shall be no overlap', async () => {
    const strict = new TestOtklik({ beside: otklik, env: { ...LOOPBACK, WEBHOOK_SECRET_OVERLAP: 'PT0S' } });
    await strict.start();
    try {
      const { secret, previousUntil } = await rotate(strict);
      expect(previousUntil).toBeNull();
      expect(await signedWith([secret, webhook.secret])).toEqual({ right: [0], signatures: 1 });
      expect(await storedSecrets()).toHaveLength(1);
    } finally {
      await strict.stop();
    }
  });
});

describe('a secret', () => {
  it('stands nowhere in the database and nowhere in the log', async () => {
    const { secret } = await rotate();
    await signedWith([secret]);
    const dump = await otklik.database.query<{ text: string }>(
      `select webhooks::text as text from webhooks union all select webhook_secrets::text from webhook_secrets
        union all select events::text from events union all select attempts::text from attempts
        union all select deliveries::text from deliveries`,
    );
    const everything = dump.map(({ text }) => text).join('\n');
    expect(everything).toContain(webhook.id);
    for (const shown of [webhook.secret, secret]) {
      const bytes = Buffer.from(shown.slice('whsec_'.length), 'base64');
      for (const form of [
        shown,
        shown.slice(6, -1),
        bytes.toString('hex'),
        Buffer.from(shown).toString('hex'),
      ]) {
        expect(everything).not.toContain(form);
        expect(otklik.log.text).not.toContain(form);
      }
    }
  });

  it('is sealed anew each time, as 12 bytes of nonce, the secret, and 16 bytes of tag', async () => {
    await rotate();
    const [first, second] = await storedSecrets();
    expect(first?.sealed).toHaveLength(12 + webhook.secret.length + 16);
    expect(first?.sealed.subarray(0, 12)).not.toEqual(second?.sealed.subarray(0, 12));
  });

  const test = (by = otklik) =>
    by.api.post<Problem & WebhookTestView>(`/api/webhooks/${webhook.id}/test`, {});

  it.each([
    ['was altered', 'set_byte(sealed, 20, get_byte(sealed, 20) # 1)'],
    ['was cut off', 'substr(sealed, 1, 20)'],
    ['is empty', `''::bytea`],
  ])('that %s does not open, and says what is wrong', async (_, altered) => {
    await otklik.database.query(`update webhook_secrets set sealed = ${altered} where webhook_id = $1`, [
      webhook.id,
    ]);
    const { status, body } = await test();
    expect([status, body.code]).toEqual([409, 'secret_unreadable']);
    expect(body.detail).toContain('SECRET_ENCRYPTION_KEY');
  });

  it('of another endpoint does not open for this one', async () => {
    const { body: other } = await otklik.api.post<CreatedWebhook>('/api/webhooks', { url: receiver.url() });
    await otklik.database.query(
      `update webhook_secrets set sealed = (select sealed from webhook_secrets where webhook_id = $2) where webhook_id = $1`,
      [webhook.id, other.id],
    );
    expect((await test()).body.code).toBe('secret_unreadable');
  });
});

describe('with another SECRET_ENCRYPTION_KEY', () => {
  const changed = new TestOtklik({
    beside: otklik,
    env: { ...LOOPBACK, SECRET_ENCRYPTION_KEY: randomBytes(32).toString('base64') },
  });
  beforeAll(() => changed.start());
  afterAll(() => changed.stop());

  it('endpoints made before cannot be sent to, and it is said why; all others can', async () => {
    const { body: fresh } = await changed.api.post<CreatedWebhook>('/api/webhooks', {
      url: receiver.url('/fresh'),
    });
    const targets = changed.part(WebhookTargets);
    const [old, young, gone] = await Promise.allSettled([
      targets.get(webhook.id, 1),
      targets.get(fresh.id, 1),
      targets.get('019aa5c6-0000-7000-8000-000000000000', 1),
    ]);
    expect(old).toMatchObject({
      status: 'rejected',
      reason: { code: 'secret_unreadable', message: expect.stringContaining('SECRET_ENCRYPTION_KEY') },
    });
    expect(young).toMatchObject({
      status: 'fulfilled',
      value: { webhookId: fresh.id, secrets: [fresh.secret] },
    });
    expect(gone).toEqual({ status: 'fulfilled', value: undefined });
    const before = await otklik.database.countRows();
    const { status, body } = await changed.api.post<Problem>(`/api/webhooks/${webhook.id}/test`, {});
    expect([status, body.code]).toEqual([409, 'secret_unreadable']);
    expect(await otklik.database.countRows()).toEqual(before);
  });

  it('they can be seen, changed, and given a new secret, which then signs alone', async () => {
    expect((await changed.api.get<WebhookView>(`/api/webhooks/${webhook.id}`)).status).toBe(200);
    const { secret } = await rotate(changed);
    changed.log.clear();
    expect(await signedWith([secret, webhook.secret], changed)).toEqual({ right: [0], signatures: 1 });
    expect(changed.log.entries(({ webhookId }) => webhookId === webhook.id)).toMatchObject([
      { level: 'warn', msg: expect.stringContaining('SECRET_ENCRYPTION_KEY') },
    ]);
  });
});

describe('what workers know of endpoints', () => {
  it('is the same object until something of it changes, and leaves out what has expired', async () => {
    const targets = otklik.part(WebhookTargets);
    const first = await targets.get(webhook.id, 1);
    expect(first).toEqual({
      webhookId: webhook.id,
      revision: 1,
      url: receiver.url(),
      headers: {},
      secrets: [webhook.secret],
    });
    expect(await targets.get(webhook.id, 1)).toBe(first);
    const { secret } = await rotate();
    // Who asks for the old one may still have it: there was no word of a new one yet.
    expect(await targets.get(webhook.id, 1)).toBe(first);
    const second = await targets.get(webhook.id, 2);
    expect(second).toMatchObject({ revision: 2, secrets: [secret, webhook.secret] });
    expect(await targets.get(webhook.id, 1)).toBe(second);
    otklik.clock.advance(DAY - SECOND);
    expect(await targets.get(webhook.id, 2)).toBe(second);
    otklik.clock.advance(SECOND);
    const third = await targets.get(webhook.id, 2);
    expect(third).toMatchObject({ revision: 2, secrets: [secret] });
    expect(await targets.get(webhook.id, 2)).toBe(third);
  });

  it('is forgotten where they are gone', async () => {
    const targets = otklik.part(WebhookTargets);
    await otklik.api.delete(`/api/webhooks/${webhook.id}`);
    expect(await targets.get(webhook.id, 1)).toBeUndefined();
  });
});
