import { randomUUID } from 'node:crypto';
import type { DeliveryDetailsView, DeliveryView } from '../src/webhooks/delivery.schemas.js';
import type { PageOf } from './support/api-client.js';
import { deliveriesOf, makeAttempts, makeDelivery, makeEvent, makeWebhook } from './support/deliveries.js';
import { HOUR, MINUTE, SECOND } from './support/settable-clock.js';
import { TestOtklik } from './support/test-otklik.js';

const NOBODY = '019aa5c6-0000-7000-8000-000000000000';
const OUTCOMES = ['delivered', 'failed', 'dead'] as const;

describe('deliveries', () => {
  const otklik = new TestOtklik();
  beforeAll(() => otklik.start());
  afterAll(() => otklik.stop());

  /** Events of one conversation, a second after the other, the last one a minute ago. */
  async function conversation(count: number): Promise<string[]> {
    const conversationId = randomUUID();
    const events: string[] = [];
    for (let index = count; index > 0; index--) {
      const at = otklik.clock.iso(-MINUTE - index * SECOND);
      events.push(await makeEvent(otklik.database, { at, conversationId }));
    }
    return events;
  }

  const redeliver = (id: string) => otklik.api.post<DeliveryView>(`/api/deliveries/${id}/redeliver`, {});
  const list = (webhookId: string, query = '') => `/api/webhooks/${webhookId}/deliveries${query}`;

  describe('in a list', () => {
    it('show what became of them, and what came of the last attempt', async () => {
      const webhookId = await makeWebhook(otklik.database);
      const conversationId = randomUUID();
      const at = otklik.clock.iso(-MINUTE);
      const eventId = await makeEvent(otklik.database, { at, conversationId });
      const id = await makeDelivery(otklik.database, webhookId, eventId, {
        outcome: 'dead',
        attempts: 2,
        finishedAt: otklik.clock.iso(-SECOND),
      });
      await makeAttempts(otklik.database, id, 2);
      const { status, body } = await otklik.api.get<PageOf<DeliveryView>>(list(webhookId));
      expect(status).toBe(200);
      expect(body.nextCursor).toBeNull();
      expect(body.data).toEqual([
        {
          id,
          webhookId,
          eventId,
          eventType: 'message.received',
          conversationId,
          status: 'dead',
          attemptCount: 2,
          nextAttemptAt: null,
          heldBack: false,
          createdAt: at,
          finishedAt: otklik.clock.iso(-SECOND),
          lastAttempt: {
            startedAt: '2026-11-21T09:00:02.000Z',
            status: 500,
            errorClass: 'http_status',
            error: 'It answered 500.',
          },
        },
      ]);
    });

    it('stand by their events, the newest first, whenever they were made; page by page, and no others', async () => {
      const [webhookId, other] = [await makeWebhook(otklik.database), await makeWebhook(otklik.database)];
      const events = await conversation(5);
      for (const eventId of events.toReversed()) {
        await makeDelivery(otklik.database, webhookId, eventId, { createdAt: otklik.clock.iso() });
        await makeDelivery(otklik.database, other, eventId);
      }
      const all = await otklik.api.all<DeliveryView>(list(webhookId, '?limit=2'));
      expect(all.map(({ eventId }) => eventId)).toEqual(events.toReversed());
      expect(new Set(all.map((delivery) => delivery.webhookId))).toEqual(new Set([webhookId]));
    });

    it('are only those with a status, where one is given', async () => {
      const webhookId = await makeWebhook(otklik.database);
      const events = await conversation(8);
      const outcomes = [undefined, ...OUTCOMES];
      for (const [index, eventId] of events.entries()) {
        const outcome = outcomes[index % 4];
        await makeDelivery(otklik.database, webhookId, eventId, outcome && { outcome });
      }
      for (const [index, status] of ['pending', ...OUTCOMES].entries()) {
        const found = await otklik.api.all<DeliveryView>(list(webhookId, `?limit=1&status=${status}`));
        expect(found.map((delivery) => delivery.status)).toEqual([status, status]);
        const ids = found.map(({ eventId }) => eventId);
        expect(ids.toSorted()).toEqual([events[index], events[index + 4]].toSorted());
        if (status !== 'pending') expect(ids).toEqual([events[index + 4], events[index]]);
      }
    });

    it('that are pending stand by their next attempt, and those that are held back come last', async () => {
      const webhookId = await makeWebhook(otklik.database, { ordered: true });
      const events = await conversation(5);
      const times = [otklik.clock.iso(HOUR), 'infinity', otklik.clock.iso(-SECOND), 'infinity', undefined];
      for (const [index, eventId] of events.entries()) {
        const nextAttemptAt = times[index] ?? otklik.clock.iso(-SECOND);
        await makeDelivery(otklik.database, webhookId, eventId, { nextAttemptAt });
      }
      const path = list(webhookId, '?status=pending&limit=1');
      const all = await otklik.api.all<DeliveryView>(path);
      expect(all.map(({ eventId }) => events.indexOf(eventId))).toEqual([2, 4, 0, 1, 3]);
      expect(all.map(({ heldBack }) => heldBack)).toEqual([false, false, false, true, true]);
      expect(all.map(({ nextAttemptAt }) => nextAttemptAt)).toEqual([
        otklik.clock.iso(-SECOND),
        otklik.clock.iso(-SECOND),
        otklik.clock.iso(HOUR),
        null,
        null,
      ]);
    });

    it('are none of a webhook without any, and not found of one that is not there', async () => {
      const webhookId = await makeWebhook(otklik.database);
      expect((await otklik.api.get(list(webhookId))).body).toEqual({ data: [], nextCursor: null });
      const { status, body } = await otklik.api.refused('GET', list(NOBODY));
      expect(status).toBe(404);
      expect(body).toMatchObject({ code: 'webhook_not_found', detail: `There is no webhook ${NOBODY}.` });
    });

    it('are refused for a status that there is not, a cursor of another list, and anything unknown', async () => {
      const webhookId = await makeWebhook(otklik.database);
      for (const eventId of await conversation(2)) await makeDelivery(otklik.database, webhookId, eventId);
      const { body } = await otklik.api.get<PageOf<DeliveryView>>(list(webhookId, '?limit=1'));
      const cursorOf = (values: unknown[]) => Buffer.from(JSON.stringify(values)).toString('base64url');
      for (const [query, path] of [
        ['?status=lost', 'status'],
        [`?status=pending&cursor=${body.nextCursor}`, 'cursor'],
        [`?status=pending&cursor=${cursorOf(['9999-12-31T23:59:59.999Z', 1e300])}`, 'cursor'],
        [`?status=pending&cursor=${cursorOf(['infinity', 1])}`, 'cursor'],
        ['?eventType=message.received', 'eventType'],
      ] as const) {
        const refused = await otklik.api.refused('GET', list(webhookId, query));
        expect(refused.status).toBe(400);
        expect(refused.body.errors).toEqual([expect.objectContaining({ path })]);
      }
    });
  });

  describe('one by one', () => {
    it('show their event, the bytes that are sent, and every attempt, the oldest first', async () => {
      const webhookId = await makeWebhook(otklik.database);
      const at = otklik.clock.iso(-MINUTE);
      const conversationId = randomUUID();
      const data =
        '{"metadata": {"z":1.0,  "a":{"é":[1e2]}},"isFirstMessage":true,"channel":"api","content":"1 > 0","clientId":' +
        `"shop-42","messageId":"${NOBODY}","conversationId":"${conversationId}","timestamp":"${at}","createdAt":"${at}"}`;
      const eventId = await makeEvent(otklik.database, { at, data, conversationId });
      const id = await makeDelivery(otklik.database, webhookId, eventId, {
        outcome: 'delivered',
        attempts: 3,
      });
      await makeAttempts(otklik.database, id, 3, 200);
      const { status, body } = await otklik.api.get<DeliveryDetailsView>(`/api/deliveries/${id}`);
      expect(status).toBe(200);
      expect(body).toMatchObject({ id, webhookId, status: 'delivered', attemptCount: 3 });
      expect(body.event).toEqual({
        id: eventId,
        type: 'message.received',
        timestamp: at,
        conversationId,
        traceId: null,
        data: JSON.parse(data),
      });
      expect(body.body).toBe(`{"type":"message.received","timestamp":"${at}","data":${data}}`);
      expect(body.attempts.map(({ number }) => number)).toEqual([1, 2, 3]);
      expect(body.attempts[0]).toEqual({
        number: 1,
        startedAt: '2026-11-21T09:00:01.000Z',
        durationMs: 42,
        address: '203.0.113.7',
        requestHeaders: { 'webhook-id': '1' },
        status: 200,
        responseHeaders: { 'content-type': 'text/plain' },
        bodyExcerpt: 'no',
        errorClass: null,
        error: null,
      });
    });

    it('show the newest 200 of very many attempts', async () => {
      const webhookId = await makeWebhook(otklik.database);
      const [eventId = ''] = await conversation(1);
      const id = await makeDelivery(otklik.database, webhookId, eventId, { attempts: 250 });
      await makeAttempts(otklik.database, id, 250);
      const { body } = await otklik.api.get<DeliveryDetailsView>(`/api/deliveries/${id}`);
      const numbers = body.attempts.map(({ number }) => number);
      expect(numbers).toEqual(Array.from({ length: 200 }, (_, index) => index + 51));
    });

    it('are not found where there is none', async () => {
      const { status, body } = await otklik.api.refused('GET', `/api/deliveries/${NOBODY}`);
      expect(status).toBe(404);
      expect(body.code).toBe('delivery_not_found');
    });
  });

  describe('sent once more', () => {
    it.each(OUTCOMES)('are pending again, from %s, and their attempts are kept', async (outcome) => {
      const webhookId = await makeWebhook(otklik.database);
      const [eventId = ''] = await conversation(1);
      const id = await makeDelivery(otklik.database, webhookId, eventId, { outcome, attempts: 2 });
      await makeAttempts(otklik.database, id, 2);
      const { status, body } = await redeliver(id);
      expect(status).toBe(202);
      expect(body).toMatchObject({
        id,
        eventId,
        status: 'pending',
        attemptCount: 2,
        nextAttemptAt: otklik.clock.iso(),
        heldBack: false,
        finishedAt: null,
        lastAttempt: { status: 500 },
      });
      expect(await deliveriesOf(otklik.database, webhookId)).toMatchObject([
        { id, outcome: null, tries: 0, attempts: 2, leasedUntil: null, finishedAt: null },
      ]);
    });

    it('come now instead of later where they are pending, with the whole schedule before them', async () => {
      const webhookId = await makeWebhook(otklik.database);
      const [eventId = ''] = await conversation(1);
      const nextAttemptAt = otklik.clock.iso(HOUR);
      const id = await makeDelivery(otklik.database, webhookId, eventId, { nextAttemptAt, attempts: 4 });
      expect((await redeliver(id)).body).toMatchObject({
        nextAttemptAt: otklik.clock.iso(),
        attemptCount: 4,
      });
      expect(await deliveriesOf(otklik.database, webhookId)).toMatchObject([{ tries: 0 }]);
    });

    it('stay as they are while a worker sends them', async () => {
      const webhookId = await makeWebhook(otklik.database);
      const [eventId = ''] = await conversation(1);
      const leasedUntil = otklik.clock.iso(MINUTE);
      const id = await makeDelivery(otklik.database, webhookId, eventId, { leasedUntil, attempts: 4 });
      const before = await deliveriesOf(otklik.database, webhookId);
      const { status, body } = await redeliver(id);
      expect([status, body.status]).toEqual([202, 'pending']);
      expect(await deliveriesOf(otklik.database, webhookId)).toEqual(before);
    });

    it('are refused of a disabled webhook, and where there is none', async () => {
      const webhookId = await makeWebhook(otklik.database, { enabled: false });
      const [eventId = ''] = await conversation(1);
      const id = await makeDelivery(otklik.database, webhookId, eventId, { outcome: 'dead' });
      const refused = await otklik.api.refused('POST', `/api/deliveries/${id}/redeliver`);
      expect(refused.status).toBe(409);
      expect(refused.body.code).toBe('webhook_disabled');
      expect(await deliveriesOf(otklik.database, webhookId)).toMatchObject([{ outcome: 'dead' }]);
      expect((await redeliver(NOBODY)).status).toBe(404);
    });

    it('by many at once are sent once more, once', async () => {
      const webhookId = await makeWebhook(otklik.database, { ordered: true });
      const events = await conversation(2);
      const ids: string[] = [];
      for (const eventId of events)
        ids.push(
          await makeDelivery(otklik.database, webhookId, eventId, { outcome: 'dead', isOrdered: true }),
        );
      const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => redeliver(ids[n % 2] ?? '')));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
      expect(await deliveriesOf(otklik.database, webhookId)).toMatchObject([
        { outcome: null, nextAttemptAt: new Date(otklik.clock.now()) },
        { outcome: null, nextAttemptAt: Number.POSITIVE_INFINITY },
      ]);
    });
  });

  describe('sent once more in order', () => {
    /** Deliveries of one conversation; those without a time are over. */
    async function ordered(
      ...times: readonly (string | undefined)[]
    ): Promise<[webhookId: string, ids: string[]]> {
      const webhookId = await makeWebhook(otklik.database, { ordered: true });
      const ids: string[] = [];
      for (const [index, eventId] of (await conversation(times.length)).entries()) {
        const nextAttemptAt = times[index];
        const state = nextAttemptAt === undefined ? { outcome: 'dead' as const } : { nextAttemptAt };
        ids.push(await makeDelivery(otklik.database, webhookId, eventId, { ...state, isOrdered: true }));
      }
      return [webhookId, ids];
    }

    const nextOf = async (webhookId: string) =>
      (await deliveriesOf(otklik.database, webhookId)).map(({ outcome, nextAttemptAt }) => {
        if (outcome !== null) return outcome;
        return typeof nextAttemptAt === 'number'
          ? 'held back'
          : otklik.clock.iso(nextAttemptAt.getTime() - otklik.clock.now());
      });

    it('go before later ones of their conversation that wait, which are held back', async () => {
      const soon = otklik.clock.iso(HOUR);
      const [webhookId, [first = '']] = await ordered(undefined, soon, 'infinity');
      expect((await redeliver(first)).body).toMatchObject({
        nextAttemptAt: otklik.clock.iso(),
        heldBack: false,
      });
      expect(await nextOf(webhookId)).toEqual([otklik.clock.iso(), 'held back', 'held back']);
    });

    it('are held back behind an earlier one that waits, whose time stays', async () => {
      const soon = otklik.clock.iso(HOUR);
      const [webhookId, [, second = '']] = await ordered(soon, undefined, 'infinity');
      expect((await redeliver(second)).body).toMatchObject({
        status: 'pending',
        nextAttemptAt: null,
        heldBack: true,
      });
      expect(await nextOf(webhookId)).toEqual([soon, 'held back', 'held back']);
    });

    it('stay held back where they are already', async () => {
      const soon = otklik.clock.iso(HOUR);
      const [webhookId, [, second = '']] = await ordered(soon, 'infinity');
      expect((await redeliver(second)).body).toMatchObject({ heldBack: true });
      expect(await nextOf(webhookId)).toEqual([soon, 'held back']);
    });

    it('cannot hold back one that is on its way', async () => {
      const soon = otklik.clock.iso(-SECOND);
      const [webhookId, [first = '', second = '']] = await ordered(undefined, soon);
      await otklik.database.query('update deliveries set leased_until = $2 where id = $1', [
        second,
        otklik.clock.iso(MINUTE),
      ]);
      await redeliver(first);
      expect(await nextOf(webhookId)).toEqual([otklik.clock.iso(), soon]);
    });

    it('wait for no other where the webhook does not want the order any more', async () => {
      const [webhookId, [first = '', second = '']] = await ordered(undefined, undefined);
      await otklik.database.query('update webhooks set ordered = false where id = $1', [webhookId]);
      await redeliver(first);
      await redeliver(second);
      expect(await nextOf(webhookId)).toEqual([otklik.clock.iso(), otklik.clock.iso()]);
    });
  });
});
