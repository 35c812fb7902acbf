import { eventually } from './support/eventually.js';
import { DAY, MINUTE, SECOND } from './support/settable-clock.js';
import { newClient, TestOtklik } from './support/test-otklik.js';
import {
  answer,
  gone,
  hangBeforeHeaders,
  reset,
  tooManyRequests,
  unavailable,
} from './support/webhook-receiver/behaviours.js';
import { WebhookReceiver } from './support/webhook-receiver.js';

/** Words that the triage gives the priority normal. */
const CALM = 'zxqv wrblk';

interface Delivery {
  readonly id: string;
  readonly eventId: string;
  readonly status: string;
  readonly nextAttemptAt: string;
}

interface Endpoint {
  readonly id: string;
  readonly path: string;
}

let endpoints = 0;

describe('delivering events to endpoints', () => {
  const otklik = new TestOtklik({
    env: {
      ROLES: 'api,worker',
      WEBHOOK_ALLOW_HTTP: 'true',
      WEBHOOK_ALLOWED_CIDRS: '127.0.0.0/8',
      WEBHOOK_RETRY_SCHEDULE: 'PT10S,PT20S',
      WEBHOOK_CONCURRENCY: '8',
      WEBHOOK_TIMEOUT: 'PT5M',
    },
  });
  let receiver: WebhookReceiver;
  beforeAll(async () => {
    await otklik.start();
    receiver = await WebhookReceiver.start({ now: () => otklik.clock.now() });
  });
  afterAll(async () => {
    await receiver.close();
    await otklik.stop();
  });
  afterEach(async () => {
    await otklik.database.execute('delete from webhooks');
    receiver.clear();
  });

  /** An endpoint of the receiver, with a path of its own. */
  async function endpoint(settings: Readonly<Record<string, unknown>> = {}): Promise<Endpoint> {
    endpoints++;
    const path = `/hook-${endpoints}`;
    const { status, body } = await otklik.api.post<{ id: string; secret: string }>('/api/webhooks', {
      url: receiver.url(path),
      eventTypes: ['conversation.closed'],
      ...settings,
    });
    if (status !== 201) throw new Error(`No endpoint was made: ${JSON.stringify(body)}`);
    receiver.trust(path, body.secret);
    return { id: body.id, path };
  }

  /** Makes one event that the endpoints want. */
  async function happen(): Promise<void> {
    const { conversationId } = await otklik.accept({ clientId: newClient(), content: CALM });
    await otklik.api.post(`/api/conversations/${conversationId}/close`, { reason: 'solved' });
  }

  const deliveries = async ({ id }: Endpoint) =>
    (await otklik.api.get<{ data: Delivery[] }>(`/api/webhooks/${id}/deliveries`)).body.data;

  const attemptsOf = async ({ id }: Delivery) =>
    (await otklik.api.get<{ attempts: Record<string, unknown>[] }>(`/api/deliveries/${id}`)).body.attempts;

  /** Waits until the only delivery has a status. */
  async function untilIs(status: string, of: Endpoint): Promise<Delivery> {
    const [only] = await eventually(
      () => deliveries(of),
      (all) => all.length === 1 && all[0]?.status === status,
    );
    if (!only) throw new Error('There is none.');
    return only;
  }

  /** Waits until an attempt of the only delivery is recorded. */
  const untilAttempted = async (times: number, of: Endpoint) => {
    const [only] = await eventually(
      () => deliveries(of),
      (all) => all.length === 1,
    );
    if (!only) throw new Error('There is none.');
    return eventually(
      () => attemptsOf(only),
      (attempts) => attempts.length === times,
    );
  };

  /** Moves the clock until as many requests have come. */
  async function untilReceived(times: number, path: string): Promise<void> {
    while (receiver.at(path).length < times) {
      otklik.clock.advance(SECOND);
      await otklik.api.get('/health/live');
    }
  }

  it('tells every event, signed, with the very bytes that are stored', async () => {
    const { path } = await endpoint({ eventTypes: null });
    const message = await otklik.accept({ clientId: newClient(), content: 'Grüße, 10 € "zurück" 😀' });
    const requests = await receiver.received(3, path);
    expect(requests.every(({ isVerified }) => isVerified)).toBe(true);
    expect(requests.map(({ type }) => type).sort()).toEqual([
      'conversation.opened',
      'message.received',
      'message.triaged',
    ]);
    for (const { id, body, headers } of requests) {
      const [stored] = await otklik.database.query<{ type: string; at: Date; data: string; trace: string }>(
        'select type, occurred_at as at, data::text, trace_id as trace from events where id = $1',
        [id],
      );
      const { type, at, data, trace } = stored ?? { type: '', at: new Date(0), data: '', trace: '' };
      expect(body.toString()).toBe(`{"type":"${type}","timestamp":"${at.toISOString()}","data":${data}}`);
      expect(headers['content-type']).toBe('application/json');
      expect(headers.traceparent).toContain(trace);
    }
    expect(requests.find(({ type }) => type === 'message.received')?.json.data).toMatchObject({
      messageId: message.id,
      content: 'Grüße, 10 € "zurück" 😀',
    });
  });

  it('tries again by the schedule, as the same event with the same bytes', async () => {
    const hook = await endpoint();
    receiver.next(hook.path, answer(500, { body: 'Out of memory' }), reset);
    await happen();
    for (const [attempts, wait] of [
      [1, 10 * SECOND],
      [2, 20 * SECOND],
    ] as const) {
      await untilAttempted(attempts, hook);
      const [{ nextAttemptAt } = { nextAttemptAt: '' }] = await deliveries(hook);
      const after = Date.parse(nextAttemptAt) - otklik.clock.now();
      expect(after).toBeGreaterThanOrEqual(0.8 * wait);
      expect(after).toBeLessThanOrEqual(1.2 * wait);
      expect(receiver.at(hook.path)).toHaveLength(attempts);
      otklik.clock.advance(after);
    }
    const delivery = await untilIs('delivered', hook);

    const requests = receiver.at(hook.path);
    expect(new Set(requests.map(({ id }) => id))).toEqual(new Set([delivery.eventId]));
    expect(new Set(requests.map(({ body }) => body.toString())).size).toBe(1);
    expect(new Set(requests.map(({ headers }) => headers['webhook-timestamp'])).size).toBe(3);
    expect(requests.every(({ isVerified }) => isVerified)).toBe(true);
    expect(await attemptsOf(delivery)).toMatchObject([
      {
        number: 1,
        status: 500,
        errorClass: 'http_status',
        bodyExcerpt: 'Out of memory',
        address: '127.0.0.1',
      },
      { number: 2, status: null, errorClass: 'connection_reset' },
      { number: 3, status: 200, errorClass: null, error: null },
    ]);
  });

  it('gives up when the schedule is used up', async () => {
    const hook = await endpoint();
    receiver.behave(answer(502), hook.path);
    await happen();
    for (const times of [1, 2, 3]) {
      await untilReceived(times, hook.path);
      await untilAttempted(times, hook);
    }
    await untilIs('dead', hook);
  });

  it.each([
    ['404', answer(404)],
    ['a redirect', answer(302, { headers: { location: '/elsewhere' } })],
  ])('takes %s for an answer that is final', async (_, behaviour) => {
    const hook = await endpoint();
    receiver.behave(behaviour, hook.path);
    await happen();
    const delivery = await untilIs('failed', hook);
    expect(await attemptsOf(delivery)).toHaveLength(1);
    expect(receiver.at('/elsewhere')).toEqual([]);
  });

  it('disables an endpoint that answers 410, and tells the others', async () => {
    const hook = await endpoint();
    const other = await endpoint({ eventTypes: ['webhook.*'] });
    receiver.behave(gone, hook.path);
    await happen();
    await untilIs('failed', hook);
    const [told] = await receiver.received(1, other.path);
    expect(told?.json).toMatchObject({
      type: 'webhook.disabled',
      data: { webhookId: hook.id, reason: 'gone' },
    });
    const { body } = await otklik.api.get(`/api/webhooks/${hook.id}`);
    expect(body).toMatchObject({ enabled: false, disabledReason: 'gone' });
  });

  it('disables an endpoint that has failed for five days', async () => {
    const hook = await endpoint();
    receiver.behave(answer(404), hook.path);
    await happen();
    await untilIs('failed', hook);
    otklik.clock.advance(5 * DAY);
    await happen();
    await eventually(
      () => otklik.api.get<{ enabled: boolean; disabledReason: string }>(`/api/webhooks/${hook.id}`),
      ({ body }) => !body.enabled && body.disabledReason === 'failing',
    );
  });

  it('sends nothing more to an endpoint that is deleted, and clears away what is left of it by itself', async () => {
    const [hook, other] = [await endpoint(), await endpoint()];
    receiver.behave(answer(500), hook.path);
    await happen();
    await untilAttempted(1, hook);
    await untilIs('delivered', other);
    expect((await otklik.api.delete(`/api/webhooks/${hook.id}`)).status).toBe(204);
    await eventually(
      () => otklik.database.query('select from webhooks where id = $1', [hook.id]),
      (rows) => rows.length === 0,
    );
    otklik.clock.advance(MINUTE);
    await happen();
    await receiver.received(2, other.path);
    expect(receiver.at(hook.path)).toHaveLength(1);
  });

  it('leaves an endpoint alone that asks for time, and delivers everything afterwards', async () => {
    const hook = await endpoint();
    receiver.next(hook.path, tooManyRequests(60));
    await happen();
    await untilAttempted(1, hook);
    await happen();
    await happen();
    const asked = otklik.clock.now();
    await untilReceived(4, hook.path);
    expect(otklik.clock.now()).toBeGreaterThanOrEqual(asked + 60 * SECOND);
    await eventually(
      () => deliveries(hook),
      (all) => all.length === 3 && all.every(({ status }) => status === 'delivered'),
    );
  });

  it('gives an endpoint that fails a pause, which costs no attempts', async () => {
    const hook = await endpoint();
    receiver.behave(unavailable, hook.path);
    await Promise.all(Array.from({ length: 12 }, happen));
    await eventually(
      () => deliveries(hook),
      (all) => all.length === 12,
    );
    await receiver.received(1, hook.path);
    await eventually(
      () => otklik.api.get<{ health: { blockedUntil: string | null } }>(`/api/webhooks/${hook.id}`),
      ({ body }) => body.health.blockedUntil !== null,
    );
    receiver.behave(answer(204), hook.path);
    await untilReceived(13, hook.path);
    await eventually(
      () => deliveries(hook),
      (all) => all.every(({ status }) => status === 'delivered'),
    );
  });

  it('delays nobody because of endpoints that do not answer', async () => {
    const slow = [await endpoint(), await endpoint(), await endpoint()];
    for (const { path } of slow) receiver.behave(hangBeforeHeaders, path);
    for (let events = 0; events < 6; events++) await happen();
    await receiver.received(3);
    // More wait than there is room for at once, and somebody comes along.
    const quick = await endpoint({ eventTypes: ['message.received'] });
    for (let events = 0; events < 5; events++) await happen();
    expect(await receiver.received(5, quick.path)).toHaveLength(5);
    // Nobody waits for their answers any more.
    await receiver.refuse();
    await receiver.listen();
  });

  it('keeps the order of a conversation where the endpoint wants it, and holds back that conversation alone', async () => {
    const hook = await endpoint({ eventTypes: ['message.received'], ordered: true });
    const [stuck, other] = [newClient(), newClient()];
    receiver.next(hook.path, answer(500));
    await otklik.accept({ clientId: stuck, content: 'one' });
    await receiver.received(1, hook.path);
    for (const content of ['two', 'three']) await otklik.accept({ clientId: stuck, content });
    await otklik.accept({ clientId: other, content: 'one' });

    await receiver.received(2, hook.path);
    const contents = () =>
      receiver.at(hook.path).map(({ json: { data } }) => `${data.clientId} ${data.content}`);
    expect(contents()).toEqual([`${stuck} one`, `${other} one`]);
    await untilReceived(5, hook.path);
    expect(contents().slice(2)).toEqual([`${stuck} one`, `${stuck} two`, `${stuck} three`]);
  });

  it('delivers what was left behind when it stopped', async () => {
    const hook = await endpoint();
    receiver.next(hook.path, answer(500));
    await happen();
    await untilAttempted(1, hook);
    await otklik.stopServing();
    await otklik.start();
    await untilReceived(2, hook.path);
    await untilIs('delivered', hook);
  });
});
