import type { AuditEntryView } from '../src/audit/audit.schemas.js';
import type { EventView } from '../src/events/event.schemas.js';
import type { Problem } from '../src/http/problem.js';
import type { CreatedWebhook, WebhookTestView, WebhookView } from '../src/webhooks/webhook.schemas.js';
import { MINUTE } from './support/settable-clock.js';
import { TestOtklik } from './support/test-otklik.js';
import { answer, gone, redirectTo, unavailable } from './support/webhook-receiver/behaviours.js';
import { closedPort, WebhookReceiver } from './support/webhook-receiver.js';

const otklik = new TestOtklik({
  env: { ROLES: 'api,worker', WEBHOOK_ALLOW_HTTP: 'true', WEBHOOK_ALLOWED_CIDRS: '127.0.0.0/8' },
});
let receiver: WebhookReceiver;

beforeAll(async () => {
  await otklik.start();
  receiver = await WebhookReceiver.start({ now: () => otklik.clock.now() });
});
afterEach(async () => {
  receiver.clear();
  await otklik.database.execute('delete from webhooks');
});
afterAll(async () => {
  await receiver.close();
  await otklik.stop();
});

async function made(body: object = {}): Promise<CreatedWebhook> {
  const created = await otklik.api.post<CreatedWebhook>('/api/webhooks', {
    url: receiver.url('/hook'),
    ...body,
  });
  expect(created.status).toBe(201);
  receiver.trust(new URL(created.body.url).pathname, created.body.secret);
  return created.body;
}

const test = (id: string) => otklik.api.post<WebhookTestView>(`/api/webhooks/${id}/test`, {});

const storedDeliveries = (webhookId: string) =>
  otklik.database.query(
    `select delivery.id, event_type, delivery.attempts, outcome, finished_at, number, status
       from deliveries delivery join attempts attempt on attempt.delivery_id = delivery.id
      where webhook_id = $1 order by delivery.id`,
    [webhookId],
  );

describe('testing an endpoint', () => {
  it('sends a signed webhook.test at once, to it alone, and shows what came of it', async () => {
    const { id } = await made({
      eventTypes: ['reminder.due'],
      headers: { 'X-Tenant': '42', 'X-Token': 'mine' },
    });
    await made({ eventTypes: null, url: receiver.url('/other') });
    const { status, body } = await test(id);
    expect(status).toBe(200);
    expect(receiver.requests).toHaveLength(1);
    const [request] = receiver.at('/hook');
    expect(request).toMatchObject({ fault: undefined, type: 'webhook.test' });
    expect(request?.headers).toMatchObject({ 'x-tenant': '42', 'x-token': 'mine' });
    const [event] = await otklik.api.all<EventView>('/api/events?type=webhook.test');
    expect(event).toMatchObject({
      id: request?.id,
      conversationId: null,
      // Who reads events is not told what the path opens.
      data: { webhookId: id, url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/\*\*\*#[0-9a-f]{8}$/) },
    });
    expect(request?.json).toEqual({ type: 'webhook.test', timestamp: event?.timestamp, data: event?.data });
    expect(body).toEqual({
      delivery: { id: expect.any(String), status: 'delivered' },
      attempt: {
        number: 1,
        startedAt: otklik.clock.iso(),
        durationMs: expect.any(Number),
        address: '127.0.0.1',
        requestHeaders: expect.objectContaining({
          'webhook-id': event?.id,
          'x-tenant': '42',
          'x-token': '***',
        }),
        status: 200,
        responseHeaders: expect.objectContaining({ 'content-type': 'application/json' }),
        bodyExcerpt: '{"ok":true}',
        errorClass: null,
        error: null,
      },
    });
    expect(await storedDeliveries(id)).toEqual([
      {
        id: body.delivery.id,
        event_type: 'webhook.test',
        attempts: 1,
        outcome: 'delivered',
        finished_at: expect.any(Date),
        number: 1,
        status: 200,
      },
    ]);
  });

  it.each([
    ['500', answer(500, { body: 'Oh no' }), { status: 500, bodyExcerpt: 'Oh no', errorClass: 'http_status' }],
    ['503', unavailable, { status: 503, errorClass: 'http_status' }],
    ['a redirect', redirectTo('/elsewhere'), { status: 302, errorClass: 'redirect' }],
  ])(
    'is over after one attempt, and changes nothing of the endpoint, with %s',
    async (_, behaviour, attempt) => {
      const { id } = await made();
      receiver.behave(behaviour);
      const before = (await otklik.api.get<WebhookView>(`/api/webhooks/${id}`)).body;
      const { status, body } = await test(id);
      expect([status, body.delivery.status]).toEqual([200, 'failed']);
      expect(body.attempt).toMatchObject({ ...attempt, number: 1, error: expect.stringMatching(/\w/) });
      expect(await storedDeliveries(id)).toMatchObject([{ attempts: 1, outcome: 'failed' }]);
      otklik.clock.advance(10 * MINUTE);
      expect(receiver.requests).toHaveLength(1);
      expect((await otklik.api.get(`/api/webhooks/${id}`)).body).toEqual(before);
    },
  );

  it('shows an endpoint that nobody answers at', async () => {
    const { id } = await made({ url: `http://127.0.0.1:${await closedPort()}/` });
    const { body } = await test(id);
    expect(body).toMatchObject({
      delivery: { status: 'failed' },
      attempt: { status: null, responseHeaders: null, bodyExcerpt: null, errorClass: 'connection_refused' },
    });
  });

  it('is not held back by anything: disabled, paused, limited', async () => {
    const { id } = await made({ rateLimitPerSecond: 1 });
    await otklik.api.send('PATCH', `/api/webhooks/${id}`, {
      body: '{"enabled":false}',
      headers: { 'content-type': 'application/json' },
    });
    await otklik.database.query(
      `update webhook_states set failures = 99, blocked_until = $2, next_slot_at = $2 where webhook_id = $1`,
      [id, otklik.clock.iso(10 * MINUTE)],
    );
    for (const _ of [1, 2, 3]) expect((await test(id)).body.delivery.status).toBe('delivered');
    expect(receiver.at('/hook')).toHaveLength(3);
    expect(new Set(receiver.at('/hook').map((request) => request.id)).size).toBe(3);
    expect((await otklik.api.get<WebhookView>(`/api/webhooks/${id}`)).body).toMatchObject({
      enabled: false,
      disabledReason: 'manual',
      health: { consecutiveFailures: 99 },
    });
  });

  it('disables one that is gone, which is no act of whoever tests it', async () => {
    const { id } = await made({ eventTypes: ['message.received'] });
    receiver.behave(gone, '/hook');
    expect((await test(id)).body).toMatchObject({ delivery: { status: 'failed' }, attempt: { status: 410 } });
    expect((await otklik.api.get<WebhookView>(`/api/webhooks/${id}`)).body).toMatchObject({
      enabled: false,
      disabledReason: 'gone',
    });
    const acts = await otklik.api.all<AuditEntryView>(`/api/system/audit?subject=${id}`);
    expect(acts.map(({ action, actor }) => [action, actor.name])).toEqual([
      ['webhook.disabled', 'otklik'],
      ['webhook.tested', 'administrator'],
      ['webhook.created', 'administrator'],
    ]);
  });

  it('leaves nothing behind where the endpoint is deleted meanwhile', async () => {
    const { id } = await made();
    receiver.behave((response) => {
      void otklik.api.delete(`/api/webhooks/${id}`).then(() => response.writeHead(200).end());
    });
    const { status, body } = await otklik.api.post<Problem>(`/api/webhooks/${id}/test`, {});
    expect([status, body.code]).toEqual([404, 'webhook_not_found']);
    expect(await storedDeliveries(id)).toEqual([]);
  });
});

describe('changing an endpoint sends at once what that lets go', () => {
  const patch = (id: string, body: object) =>
    otklik.api.send('PATCH', `/api/webhooks/${id}`, {
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    });

  /** Of an event that nobody was told of; due, or waiting for another one of its conversation. */
  async function waitingDelivery(webhookId: string, dueAt: string): Promise<void> {
    await otklik.database.query(
      `with event as (
         insert into events (id, type, conversation_id, occurred_at, data)
         values (gen_random_uuid(), 'reminder.due', gen_random_uuid(), $2, '{}') returning *)
       insert into deliveries
              (id, webhook_id, event_id, event_position, event_type, ordered_by, created_at, next_attempt_at)
       select gen_random_uuid(), $1, id, position, type, conversation_id, $2, $3::timestamptz from event`,
      [webhookId, otklik.clock.iso(), dueAt],
    );
  }

  it.each(['enable', 'patch'])('where it was disabled, by %s', async (way) => {
    const { id } = await made({ eventTypes: ['escalation.*'] });
    await patch(id, { enabled: false });
    await waitingDelivery(id, otklik.clock.iso());
    if (way === 'enable') await otklik.api.post(`/api/webhooks/${id}/enable`, {});
    else await patch(id, { enabled: true });
    await receiver.received(1, '/hook');
    expect(receiver.at('/hook')).toMatchObject([{ type: 'reminder.due', fault: undefined }]);
  });

  it('where it no longer keeps the order of conversations', async () => {
    const { id } = await made({ eventTypes: ['escalation.*'], ordered: true });
    await waitingDelivery(id, 'infinity');
    await patch(id, { ordered: false });
    await receiver.received(1, '/hook');
    expect(receiver.at('/hook')).toMatchObject([{ type: 'reminder.due', fault: undefined }]);
  });
});
