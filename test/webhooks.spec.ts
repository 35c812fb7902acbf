import type { EventView } from '../src/events/event.schemas.js';
import { DeliveryQueue } from '../src/webhooks/dispatch/delivery-queue.js';
import type { EnabledWebhook, WebhookView } from '../src/webhooks/webhook.schemas.js';
import { WebhookCleanup } from '../src/webhooks/webhook-cleanup.js';
import { WebhookDisabling } from '../src/webhooks/webhook-disabling.js';
import { WebhookReplays } from '../src/webhooks/webhook-replays.js';
import type { PageOf } from './support/api-client.js';
import { eventually } from './support/eventually.js';
import { HOUR, MINUTE } from './support/settable-clock.js';
import { newClient, TestOtklik } from './support/test-otklik.js';
import { webhookRows } from './support/webhook-rows.js';

const NOBODY = '019aa5c6-0000-7000-8000-000000000000';
const URL = 'https://shop.example.com/otklik?tenant=42';

const otklik = new TestOtklik({ env: { CLEANUP_BATCH_SIZE: '10' } });
const rows = webhookRows(otklik);
beforeAll(() => otklik.start());
afterEach(() => otklik.database.execute('delete from webhooks'));
afterAll(() => otklik.stop());

async function made(body: object = {}): Promise<WebhookView> {
  const answer = await otklik.api.post<WebhookView & { secret?: string }>('/api/webhooks', {
    url: URL,
    ...body,
  });
  expect(answer.status).toBe(201);
  const { secret: _, ...webhook } = answer.body;
  return webhook;
}

const read = (id: string) => otklik.api.get<WebhookView>(`/api/webhooks/${id}`);

const patch = <T = WebhookView>(id: string, body: object) =>
  otklik.api.send<T>('PATCH', `/api/webhooks/${id}`, {
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });

const enable = (id: string) => otklik.api.post<EnabledWebhook>(`/api/webhooks/${id}/enable`, {});

async function revisionOf(id: string): Promise<number | undefined> {
  const [row] = await otklik.database.query<{ revision: number }>(
    'select revision from webhooks where id = $1',
    [id],
  );
  return row?.revision;
}

/** What is said to be wrong about a request, by path. */
async function faultsOf(method: string, path: string, body: unknown): Promise<Record<string, string>> {
  const answer = await otklik.api.refused(method, path, {
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });
  expect([answer.status, answer.body.code]).toEqual([400, 'validation_failed']);
  return Object.fromEntries((answer.body.errors ?? []).map(({ path, message }) => [path, message]));
}

describe('an endpoint', () => {
  it('is made with everything that can be said of it, and shows its secret only then', async () => {
    const { status, body } = await otklik.api.post<Record<string, unknown>>('/api/webhooks', {
      url: URL,
      eventTypes: ['message.*', 'conversation.closed'],
      description: '  The order system  ',
      headers: { 'X-Tenant': 'shop-42', Authorization: 'Bearer 5f1c7a' },
      rateLimitPerSecond: 50,
      ordered: true,
    });
    expect(status).toBe(201);
    const { secret, ...webhook } = body;
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(webhook).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      url: URL,
      description: 'The order system',
      eventTypes: ['message.*', 'conversation.closed'],
      headers: { 'X-Tenant': 'shop-42', Authorization: '***' },
      rateLimitPerSecond: 50,
      ordered: true,
      enabled: true,
      disabledAt: null,
      disabledReason: null,
      health: { failingSince: null, consecutiveFailures: 0, blockedUntil: null },
      createdAt: otklik.clock.iso(),
      updatedAt: otklik.clock.iso(),
    });
    expect(await read(String(webhook.id))).toMatchObject({ status: 200, body: webhook });
    expect((await read(String(webhook.id))).body).not.toHaveProperty('secret');
  });

  it('needs a URL, and nothing else', async () => {
    expect(await made()).toMatchObject({
      description: null,
      eventTypes: null,
      headers: {},
      rateLimitPerSecond: null,
      ordered: false,
      enabled: true,
    });
  });

  it('shows how it does', async () => {
    const { id } = await made();
    await otklik.database.query(
      `update webhook_states set failing_since = $2, failures = 7, blocked_until = $3 where webhook_id = $1`,
      [id, otklik.clock.iso(-HOUR), otklik.clock.iso(MINUTE)],
    );
    expect((await read(id)).body.health).toEqual({
      failingSince: otklik.clock.iso(-HOUR),
      consecutiveFailures: 7,
      blockedUntil: otklik.clock.iso(MINUTE),
    });
  });

  it('is listed, newest first, a page at a time', async () => {
    const webhooks = [await made(), await made({ description: 'second' }), await made()];
    expect(await otklik.api.all('/api/webhooks?limit=2')).toEqual(webhooks.toReversed());
    const { body } = await otklik.api.get<PageOf<WebhookView>>('/api/webhooks?limit=3');
    expect(body.nextCursor).toBeNull();
    expect((await otklik.api.get('/api/webhooks?cursor=bm9uZQ')).status).toBe(400);
  });

  it.each(['GET', 'PATCH', 'DELETE'])('that is not there cannot be asked for by %s', async (method) => {
    const answer = await otklik.api.refused(method, `/api/webhooks/${NOBODY}`, {
      ...(method === 'PATCH' && { body: '{}', headers: { 'content-type': 'application/json' } }),
    });
    expect([answer.status, answer.body.code]).toEqual([404, 'webhook_not_found']);
  });

  it.each(['enable', 'rotate-secret', 'test'])('that is not there has no %s', async (what) => {
    const answer = await otklik.api.refused('POST', `/api/webhooks/${NOBODY}/${what}`);
    expect([answer.status, answer.body.code]).toEqual([404, 'webhook_not_found']);
  });
});

describe('what an endpoint is told of', () => {
  it.each([
    [['message.received', 'message.received'], ['message.received']],
    [
      ['message.received', 'reminder.due', 'message.*', 'message.replied'],
      ['reminder.due', 'message.*'],
    ],
    [
      ['webhook.*', 'escalation.*', 'webhook.*'],
      ['webhook.*', 'escalation.*'],
    ],
    [null, null],
  ])('%j is kept as %j', async (eventTypes, kept) => {
    expect((await made({ eventTypes })).eventTypes).toEqual(kept);
  });

  it.each(['message.sent', 'messages.*', '*', '', 'message', 'message.', 'MESSAGE.received'])(
    'cannot be %j: the answer says what there is',
    async (type) => {
      const faults = await faultsOf('POST', '/api/webhooks', {
        url: URL,
        eventTypes: ['message.received', type],
      });
      expect(Object.keys(faults)).toEqual(['eventTypes.1']);
      for (const known of [
        'message.received',
        'conversation.closed',
        'webhook.disabled',
        'message.*',
        'reminder.*',
      ]) {
        expect(faults['eventTypes.1']).toContain(known);
      }
    },
  );
});

const BAD: readonly [what: string, body: object, path: string, message: RegExp][] = [
  ['no types at all', { eventTypes: [] }, 'eventTypes', /null means all/],
  ['a type that is no text', { eventTypes: [7] }, 'eventTypes.0', /^must be text$/],
  ['a URL that is none', { url: 'shop.example.com' }, 'url', /absolute URL/],
  ['a URL of another protocol', { url: 'ftp://shop.example.com' }, 'url', /absolute URL/],
  ['a URL that is not encrypted', { url: 'http://shop.example.com' }, 'url', /https/],
  ['a private address', { url: 'https://10.1.2.3/' }, 'url', /WEBHOOK_ALLOWED_CIDRS/],
  ['a loopback address in disguise', { url: 'https://0x7f.1/' }, 'url', /127\.0\.0\.1/],
  ['a URL with a password', { url: 'https://user:pass@shop.example.com/' }, 'url', /password/],
  ['a URL with NUL', { url: 'https://shop.example.com/\0' }, 'url', /URL/],
  ['a URL with a line break', { url: 'https://shop.example.com/\nx' }, 'url', /URL/],
  ['a URL that is too long', { url: `https://shop.example.com/${'x'.repeat(2048)}` }, 'url', /2048/],
  ['a URL that is no text', { url: null }, 'url', /^must be text$/],
  ['a description that is too long', { description: 'x'.repeat(501) }, 'description', /500/],
  ['a description with NUL', { description: 'a\0b' }, 'description', /control/],
  ['half of a character', { description: 'a\ud83d' }, 'description', /./],
  ['no request a second', { rateLimitPerSecond: 0 }, 'rateLimitPerSecond', /at least 1$/],
  ['too many requests a second', { rateLimitPerSecond: 10_001 }, 'rateLimitPerSecond', /10000/],
  ['half a request a second', { rateLimitPerSecond: 0.5 }, 'rateLimitPerSecond', /whole number/],
  ['an order that is neither', { ordered: 'yes' }, 'ordered', /true or false/],
  ['null for the order', { ordered: null }, 'ordered', /true or false/],
  ['something unknown', { secret: 'whsec_mine' }, 'secret', /not known/],
  ['headers that are none', { headers: ['X-A'] }, 'headers', /^must be an object$/],
  ['a header of another type', { headers: { 'X-A': 1 } }, 'headers.X-A', /^must be text$/],
  ['a header without a name', { headers: { '': 'x' } }, 'headers.', /name of an HTTP header/],
  ['a header with a space in its name', { headers: { 'X A': 'x' } }, 'headers.X A', /name of an HTTP header/],
  ['a header with a colon in its name', { headers: { 'X:A': 'x' } }, 'headers.X:A', /name of an HTTP header/],
  ['a header with a name in Cyrillic', { headers: { Ключ: 'x' } }, 'headers.Ключ', /name of an HTTP header/],
  ['a line break in a header', { headers: { 'X-A': 'x\r\nHost: y' } }, 'headers.X-A', /printable ASCII/],
  ['a tab in a header', { headers: { 'X-A': 'x\ty' } }, 'headers.X-A', /printable ASCII/],
  ['a header in Cyrillic', { headers: { 'X-A': 'да' } }, 'headers.X-A', /printable ASCII/],
  ['an empty header', { headers: { 'X-A': '' } }, 'headers.X-A', /1 to 1024/],
  ['a space at the end of a header', { headers: { 'X-A': 'x ' } }, 'headers.X-A', /space at either end/],
  ['a header that is too long', { headers: { 'X-A': 'x'.repeat(1025) } }, 'headers.X-A', /1024/],
  ['a header twice', { headers: { 'X-A': 'x', 'x-a': 'y' } }, 'headers.x-a', /twice/],
  ['the mask as a value', { headers: { 'X-Token': '***' } }, 'headers.X-Token', /instead of a secret/],
  [
    'too many headers',
    { headers: Object.fromEntries(Array.from({ length: 21 }, (_, n) => [`X-${n}`, 'x'])) },
    'headers',
    /at most 20/,
  ],
  ['Host', { headers: { Host: 'x' } }, 'headers.Host', /comes from the URL/],
  [
    'Content-Type',
    { headers: { 'Content-Type': 'text/plain' } },
    'headers.Content-Type',
    /describes the body/,
  ],
  ['content-length', { headers: { 'content-length': '1' } }, 'headers.content-length', /describes the body/],
  ['Webhook-Id', { headers: { 'Webhook-Id': 'x' } }, 'headers.Webhook-Id', /belongs to the signature/],
  ['webhook-mine', { headers: { 'webhook-mine': 'x' } }, 'headers.webhook-mine', /belongs to the signature/],
  ...['Connection', 'Transfer-Encoding', 'TE', 'Upgrade', 'Keep-Alive', 'Expect'].map(
    (name): [string, object, string, RegExp] => [
      name,
      { headers: { [name]: 'x' } },
      `headers.${name}`,
      /belongs to the connection/,
    ],
  ),
];

describe('what is wrong about an endpoint is said by name', () => {
  it.each(BAD)('when it is made: %s', async (_, body, path, message) => {
    const faults = await faultsOf('POST', '/api/webhooks', { url: URL, ...body });
    expect(faults).toEqual({ [path]: expect.stringMatching(message) });
  });

  it.each(BAD)('when it is changed, and nothing is: %s', async (_, body, path, message) => {
    const webhook = await made();
    const faults = await faultsOf('PATCH', `/api/webhooks/${webhook.id}`, {
      description: 'changed',
      ...body,
    });
    expect(faults).toEqual({ [path]: expect.stringMatching(message) });
    expect((await read(webhook.id)).body).toEqual(webhook);
  });

  it('when it has no URL', async () => {
    expect(Object.keys(await faultsOf('POST', '/api/webhooks', {}))).toEqual(['url']);
  });

  it('and what is just within the limits is taken', async () => {
    const headers = Object.fromEntries(
      Array.from({ length: 20 }, (_, n) => [`X-!#$%&'*+-.^_\`|~${n}`, 'x'.repeat(1024)]),
    );
    expect(await made({ description: 'x'.repeat(500), rateLimitPerSecond: 10_000, headers })).toMatchObject({
      headers,
      rateLimitPerSecond: 10_000,
    });
    expect((await made({ rateLimitPerSecond: 1, headers: {} })).rateLimitPerSecond).toBe(1);
  });
});

describe('changing an endpoint', () => {
  it('changes what is given and nothing else', async () => {
    const webhook = await made({
      eventTypes: ['reminder.*'],
      headers: { 'X-A': '1', 'X-B': '2' },
      ordered: true,
    });
    otklik.clock.advance(MINUTE);
    const changes: Partial<WebhookView>[] = [
      { url: 'https://other.example.com/' },
      { description: 'Other' },
      { description: null },
      { eventTypes: ['message.received'] },
      { eventTypes: null },
      { headers: { 'X-C': '3' } },
      { rateLimitPerSecond: 5 },
      { rateLimitPerSecond: null },
      { ordered: false },
      { ordered: true },
    ];
    let expected = webhook;
    for (const [index, change] of changes.entries()) {
      const { status, body } = await patch(webhook.id, change);
      expected = { ...expected, ...change, updatedAt: otklik.clock.iso() };
      expect([status, body]).toEqual([200, expected]);
      expect((await read(webhook.id)).body).toEqual(expected);
      expect(await revisionOf(webhook.id)).toBe(2 + index);
    }
  });

  it('keeps the headers in the order in which they were given, and masks those that look secret', async () => {
    const headers = {
      'X-Z': 'shown',
      'x-api-key': 'k',
      Cookie: 'session=1',
      'X-Auth-User': 'me',
      'X-My-TOKEN': 't',
      'Client-Secret': 's',
      'X-Password': 'p',
      'Proxy-Authorization': 'Basic x',
      'X-A': 'shown too',
    };
    const { id } = await made();
    const shown = Object.entries((await patch(id, { headers })).body.headers);
    expect(shown).toEqual(
      Object.entries(headers).map(([name, value]) => [name, value.startsWith('shown') ? value : '***']),
    );
    const [stored] = await otklik.database.query<{ headers: object }>(
      'select headers from webhooks where id = $1',
      [id],
    );
    expect(stored?.headers).toEqual(headers);
  });

  it('does not mix what several people change at once', async () => {
    const { id } = await made();
    await Promise.all([
      patch(id, { description: 'One' }),
      patch(id, { rateLimitPerSecond: 3 }),
      patch(id, { eventTypes: ['message.*'] }),
      patch(id, { ordered: true }),
      patch(id, { enabled: false }),
    ]);
    expect((await read(id)).body).toMatchObject({
      description: 'One',
      rateLimitPerSecond: 3,
      eventTypes: ['message.*'],
      ordered: true,
      enabled: false,
    });
    expect(await revisionOf(id)).toBe(6);
  });

  it('does not lose that it was disabled in the same moment', async () => {
    const webhooks = await Promise.all(Array.from({ length: 20 }, () => made()));
    await Promise.all(
      webhooks.flatMap(({ id }) => [
        patch(id, { description: 'Changed' }),
        otklik.part(WebhookDisabling).disable(id, 'gone'),
      ]),
    );
    for (const { id } of webhooks) {
      expect((await read(id)).body).toMatchObject({ description: 'Changed', disabledReason: 'gone' });
      expect(await revisionOf(id)).toBe(3);
    }
  });

  it('waits for whoever is making deliveries for it', async () => {
    const { id } = await made({ ordered: true });
    const change = await otklik.database.during(
      `select from webhook_states where webhook_id = '${id}' for update`,
      async () => {
        const changing = patch(id, { ordered: false });
        await otklik.database.untilBlocked(1);
        expect((await read(id)).body.ordered).toBe(true);
        return [changing];
      },
    );
    expect((await change[0])?.body.ordered).toBe(false);
  });

  describe('that keeps the order of conversations', () => {
    const FIRST = '2026-11-30T09:00:00Z';
    const isHeldBack = async (id: string) =>
      (await rows.deliveries(id)).map((delivery) => delivery.isHeldBack);

    /** With a delivery that is tried again one day, and 34 of its conversation that wait behind it. */
    async function backlogged(): Promise<string> {
      const { id } = await made({ ordered: true });
      await otklik.database.query(
        `insert into deliveries
                (id, webhook_id, event_id, event_position, event_type, ordered_by, created_at, next_attempt_at)
         select gen_random_uuid(), $1, gen_random_uuid(), n, 'message.received', $2, $3,
                case n when 1 then timestamptz '${FIRST}' else 'infinity' end
           from generate_series(1, 35) n`,
        [id, NOBODY, otklik.clock.iso()],
      );
      return id;
    }

    it('leaves what waits as it is, where the order is still kept', async () => {
      const id = await backlogged();
      await patch(id, { ordered: true, description: 'still in order' });
      await patch(id, { enabled: false });
      expect(await isHeldBack(id)).toEqual([false, ...Array(34).fill(true)]);
    });

    it('lets all go that waits, where it is no longer kept', async () => {
      const [id, other] = [await backlogged(), await backlogged()];
      otklik.clock.advance(MINUTE);
      expect((await patch(id, { ordered: false })).body.ordered).toBe(false);
      expect(
        await otklik.database.query(
          `select ordered_by, next_attempt_at, count(*)::int as count from deliveries where webhook_id = $1
            group by ordered_by, next_attempt_at order by ordered_by`,
          [id],
        ),
      ).toEqual([
        { ordered_by: NOBODY, next_attempt_at: new Date(FIRST), count: 1 },
        { ordered_by: null, next_attempt_at: new Date(otklik.clock.now()), count: 34 },
      ]);
      expect(await isHeldBack(other)).toEqual([false, ...Array(34).fill(true)]);
    });

    it('does the rest when asked again, where that ended half-way', async () => {
      const id = await backlogged();
      await otklik.database.query('update webhooks set ordered = false where id = $1', [id]);
      await patch(id, { ordered: false });
      expect(await isHeldBack(id)).toEqual(Array(35).fill(false));
    });
  });
});

describe('an endpoint that is disabled', () => {
  it('says since when and why, and tells what it missed when it is enabled', async () => {
    const { id } = await made();
    otklik.clock.advance(MINUTE);
    const disabledAt = otklik.clock.iso();
    expect((await patch(id, { enabled: false })).body).toMatchObject({
      enabled: false,
      disabledAt,
      disabledReason: 'manual',
    });
    otklik.clock.advance(MINUTE);
    expect((await patch(id, { enabled: false })).body).toMatchObject({
      disabledAt,
      disabledReason: 'manual',
    });
    const revision = await revisionOf(id);
    const enabled = await enable(id);
    expect([enabled.status, enabled.body]).toEqual([
      200,
      {
        ...(await read(id)).body,
        enabled: true,
        disabledAt: null,
        disabledReason: null,
        missedSince: disabledAt,
      },
    ]);
    const again = await enable(id);
    expect([again.status, again.body.enabled, again.body.missedSince]).toEqual([200, true, null]);
    expect(await revisionOf(id)).toBe((revision ?? 0) + 1);
  });

  it.each(['enable', 'patch'])('begins anew when it is enabled by %s', async (way) => {
    const { id } = await made();
    await otklik.part(WebhookDisabling).disable(id, 'failing');
    await otklik.database.query(
      `update webhook_states set failing_since = $2, failures = 9, blocked_until = $2 where webhook_id = $1`,
      [id, otklik.clock.iso()],
    );
    if (way === 'enable') await enable(id);
    else await patch(id, { enabled: true });
    expect((await read(id)).body).toMatchObject({
      enabled: true,
      disabledAt: null,
      disabledReason: null,
      health: { failingSince: null, consecutiveFailures: 0, blockedUntil: null },
    });
  });

  it('keeps its failures where it is enabled already', async () => {
    const { id } = await made();
    await otklik.database.query('update webhook_states set failures = 3 where webhook_id = $1', [id]);
    await enable(id);
    await patch(id, { enabled: true });
    expect((await read(id)).body.health.consecutiveFailures).toBe(3);
  });

  it.each(['gone', 'failing'] as const)('because it is %s is told of, once', async (reason) => {
    const { id } = await made();
    const disabling = otklik.part(WebhookDisabling);
    const revision = await revisionOf(id);
    otklik.log.clear();
    const all = await Promise.all([1, 2, 3].map(() => disabling.disable(id, reason)));
    expect(all.toSorted()).toEqual([false, false, true]);
    expect((await read(id)).body).toMatchObject({
      enabled: false,
      disabledAt: otklik.clock.iso(),
      disabledReason: reason,
    });
    expect(await revisionOf(id)).toBe((revision ?? 0) + 1);
    const events = (await otklik.api.all<EventView>('/api/events?type=webhook.disabled')).filter(
      ({ data }) => data.webhookId === id,
    );
    // Many have a token in the path; the event goes to other endpoints.
    const url = expect.stringMatching(/\/\*\*\*#[0-9a-f]{8}$/);
    expect(events).toMatchObject([
      { conversationId: null, data: { webhookId: id, url, reason, disabledAt: otklik.clock.iso() } },
    ]);
    expect(otklik.log.entries(({ webhookId }) => webhookId === id)).toMatchObject([
      { level: 'warn', reason, url },
    ]);
    expect(await disabling.disable(NOBODY, reason)).toBe(false);
  });
});

describe('deleting an endpoint', () => {
  /** With 35 deliveries, pending, and an attempt of each. */
  async function busy(): Promise<WebhookView> {
    const webhook = await made();
    await otklik.database.query(
      `with made as (
         insert into deliveries (id, webhook_id, event_id, event_position, event_type, created_at, next_attempt_at)
         select gen_random_uuid(), $1, gen_random_uuid(), n, 'message.received', $2, $2
           from generate_series(1, 35) n
         returning id)
       insert into attempts (delivery_id, number, started_at, duration_ms, request_headers)
       select id, 1, $2, 1, '{}' from made`,
      [webhook.id, otklik.clock.iso()],
    );
    return webhook;
  }

  const left = () =>
    otklik.database.query<{ states: number }>(
      `select (select count(*)::int from deliveries) as deliveries, (select count(*)::int from attempts) as attempts,
              (select count(*)::int from webhook_secrets) as secrets, (select count(*)::int from webhook_states) as states`,
    );

  const cleanUp = (stopping?: AbortSignal) => otklik.part(WebhookCleanup).run(stopping);

  it('answers at once, and clears its deliveries away behind the answer, and nothing of others', async () => {
    const [webhook, other] = [await busy(), await busy()];
    const answer = await otklik.api.delete(`/api/webhooks/${webhook.id}`);
    expect([answer.status, answer.body]).toEqual([204, undefined]);
    expect(await otklik.api.all('/api/webhooks')).toEqual([other]);
    // What is confidential goes first.
    expect(await left()).toEqual([{ deliveries: 70, attempts: 70, secrets: 1, states: 2 }]);
    expect(
      await otklik.database.query('select url, headers from webhooks where id = $1', [webhook.id]),
    ).toEqual([{ url: '', headers: {} }]);

    expect(await cleanUp()).toEqual({ handled: 35 });
    expect(await left()).toEqual([{ deliveries: 35, attempts: 35, secrets: 1, states: 1 }]);
    expect(await otklik.database.query('select id from webhooks')).toEqual([{ id: other.id }]);
  });

  it('makes it be gone for everybody, whatever there is to be cleared away', async () => {
    const { id } = await busy();
    const [row] = await otklik.database.query<{ id: string }>('select id from deliveries limit 1');
    const begun = await otklik.api.post<{ id: string }>(`/api/webhooks/${id}/replay`, {
      since: otklik.clock.iso(-HOUR),
    });
    await otklik.api.delete(`/api/webhooks/${id}`);
    for (const [method, path, code] of [
      ['GET', `/api/webhooks/${id}`, 'webhook_not_found'],
      ['DELETE', `/api/webhooks/${id}`, 'webhook_not_found'],
      ['POST', `/api/webhooks/${id}/enable`, 'webhook_not_found'],
      ['POST', `/api/webhooks/${id}/rotate-secret`, 'webhook_not_found'],
      ['POST', `/api/webhooks/${id}/test`, 'webhook_not_found'],
      ['GET', `/api/webhooks/${id}/deliveries`, 'webhook_not_found'],
      ['GET', `/api/webhooks/${id}/deliveries?status=pending`, 'webhook_not_found'],
      ['GET', `/api/webhooks/${id}/replays`, 'webhook_not_found'],
      ['GET', `/api/webhooks/${id}/replays/${begun.body.id}`, 'replay_not_found'],
      ['GET', `/api/deliveries/${row?.id}`, 'delivery_not_found'],
      ['POST', `/api/deliveries/${row?.id}/redeliver`, 'delivery_not_found'],
    ] as const) {
      const { status, body } = await otklik.api.refused(method, path);
      expect([method, path, status, body.code]).toEqual([method, path, 404, code]);
    }
    expect((await patch(id, { enabled: true })).status).toBe(404);
    // The dispatcher, replays, whoever made an attempt; and the version before, which knows of no deletion.
    const queue = otklik.part(DeliveryQueue);
    expect(await queue.claim(otklik.clock.now(), 10, 10, new Map())).toEqual({ deliveries: [] });
    expect(await otklik.part(WebhookReplays).run()).toEqual({ handled: 0 });
    expect(await otklik.part(WebhookDisabling).disable(id, 'gone')).toBe(false);
    await expect(
      otklik.database.query('update webhooks set enabled = true where id = $1', [id]),
    ).rejects.toThrow('ck_webhooks_deleted');
  });

  it('is gone on with by whoever comes after a crash', async () => {
    const { id } = await busy();
    await otklik.api.delete(`/api/webhooks/${id}`);
    expect(await cleanUp(AbortSignal.abort())).toEqual({ handled: 10 });
    expect(await left()).toMatchObject([{ deliveries: 25, states: 1 }]);
    const both = await Promise.all([cleanUp(), cleanUp()]);
    expect(both[0].handled + both[1].handled).toBe(25);
    expect(await left()).toEqual([{ deliveries: 0, attempts: 0, secrets: 0, states: 0 }]);
  });

  it('takes along what was made for it in the same moment', async () => {
    const { id } = await made();
    // As a fan-out that began before the deletion, and ends when all the rest is cleared away.
    await otklik.database.commitAfter(
      `select from event_fan_out for update;
       insert into deliveries (id, webhook_id, event_id, event_position, event_type, created_at, next_attempt_at)
       values (gen_random_uuid(), '${id}', gen_random_uuid(), 1, 'message.received', now(), now())`,
      async () => {
        expect((await otklik.api.delete(`/api/webhooks/${id}`)).status).toBe(204);
        void cleanUp();
        await otklik.database.untilBlocked(1);
      },
    );
    await eventually(left, ([row]) => row?.states === 0);
    expect(await left()).toMatchObject([{ deliveries: 0 }]);
  });

  it('can be done while somebody changes it, and while events are told', async () => {
    const { id } = await made();
    const answers = await Promise.all([
      otklik.api.delete(`/api/webhooks/${id}`),
      patch(id, { ordered: true }),
      enable(id),
      otklik.api.delete(`/api/webhooks/${id}`),
      otklik.accept({ clientId: newClient(), content: 'Hello' }),
    ]);
    for (const answer of answers.slice(0, 4)) {
      expect([200, 204, 404]).toContain((answer as { status: number }).status);
    }
    expect((await read(id)).status).toBe(404);
  });
});
