import type { DeliveryOutcome } from '../src/webhooks/delivery.entity.js';
import {
  type ClaimedDelivery,
  DeliveryQueue,
  type RecordedAttempt,
} from '../src/webhooks/dispatch/delivery-queue.js';
import { FanOutRepository } from '../src/webhooks/dispatch/fan-out.repository.js';
import { DAY, MINUTE, SECOND } from './support/settable-clock.js';
import { TestOtklik } from './support/test-otklik.js';
import { webhookRows } from './support/webhook-rows.js';

const CAPACITY = 100;
const ENDPOINT_MOST = 50;
const CONVERSATION = '019aa5c6-7b41-7a02-8c11-6b7d9e0f1a2b';

/** WEBHOOK_TIMEOUT and WEBHOOK_LEASE_MARGIN */
const LEASE = 45 * SECOND;
/** WEBHOOK_BREAKER_FAILURES, and the first wait of WEBHOOK_RETRY_SCHEDULE */
const FAILURES_MOST = 5;
const FIRST_PAUSE = 5 * SECOND;
const LONGEST_PAUSE = 30 * SECOND;

describe('the queue of deliveries', () => {
  const otklik = new TestOtklik();
  const rows = webhookRows(otklik);
  beforeAll(() => otklik.start());
  afterAll(() => otklik.stop());
  beforeEach(() => otklik.database.execute('truncate webhooks, events cascade'));

  const queue = () => otklik.part(DeliveryQueue);
  const claim = (capacity = CAPACITY, room: Readonly<Record<string, number>> = {}) =>
    queue().claim(otklik.clock.now(), capacity, ENDPOINT_MOST, new Map(Object.entries(room)));

  /** So many new events, as deliveries. */
  const deliver = async (count: number, conversationId?: string) => {
    await rows.events(count, 'message.received', conversationId);
    await otklik.part(FanOutRepository).next(otklik.clock.now(), 10_000, 0);
  };

  const countOf = (deliveries: readonly ClaimedDelivery[], webhookId: string) =>
    deliveries.filter((delivery) => delivery.webhookId === webhookId).length;

  const attempt = (
    delivery: ClaimedDelivery,
    outcome: DeliveryOutcome | null,
    more: Partial<RecordedAttempt> = {},
  ): RecordedAttempt => ({
    delivery,
    outcome,
    nextAttemptAt: outcome === null ? otklik.clock.now() + MINUTE : undefined,
    counts: true,
    isFailure: outcome !== 'delivered',
    pauseUntil: undefined,
    ...more,
    result: {
      startedAt: otklik.clock.now(),
      duration: 12.4,
      address: '127.0.0.1',
      requestHeaders: { 'webhook-id': delivery.event.eventId },
      status: outcome === 'delivered' ? 204 : 500,
      responseHeaders: { server: 'receiver' },
      bodyExcerpt: 'ok',
      verdict: outcome === 'delivered' ? 'delivered' : 'retry',
      errorClass: outcome === 'delivered' ? null : 'http_status',
      error: outcome === 'delivered' ? null : 'The endpoint answered 500.',
      retryAfter: null,
      isOverloaded: false,
    },
  });

  const record = (...attempts: readonly RecordedAttempt[]) => queue().record(attempts, otklik.clock.now());

  const claimOne = async (): Promise<ClaimedDelivery> => {
    const { deliveries } = await claim(1);
    if (!deliveries[0]) throw new Error('There was nothing to claim.');
    return deliveries[0];
  };

  /** Lets an endpoint fail until it gets a pause. */
  const breakDown = async (count = FAILURES_MOST) => {
    await deliver(count);
    const { deliveries } = await claim(count);
    await record(...deliveries.map((delivery) => attempt(delivery, null)));
  };

  it('gives what is due with everything there is to send, in the order of events', async () => {
    const webhook = await rows.endpoint();
    await deliver(3);
    const { deliveries } = await claim();
    expect(deliveries).toHaveLength(3);
    const stored = await rows.deliveries(webhook);
    expect(deliveries.map(({ id }) => id)).toEqual(stored.map(({ id }) => id));
    expect(deliveries[0]).toMatchObject({
      webhookId: webhook,
      revision: 1,
      number: 1,
      tries: 0,
      leaseToken: 1,
      isOnTrial: false,
      event: { eventType: 'message.received', data: '{}', occurredAt: new Date(otklik.clock.now()) },
    });
  });

  it('gives nothing twice, until the lease ends; what is recorded afterwards changes nothing', async () => {
    const webhook = await rows.endpoint();
    await deliver(1);
    const first = await claimOne();
    expect(await claim()).toEqual({ deliveries: [], nextAt: undefined });
    otklik.clock.advance(LEASE);
    const second = await claimOne();
    expect(second).toMatchObject({ id: first.id, leaseToken: 2, number: 1 });

    await record(attempt(first, 'delivered'));
    expect(await rows.deliveries(webhook)).toMatchObject([{ outcome: null, attempts: 0 }]);
    await record(attempt(second, null));
    expect(await rows.deliveries(webhook)).toMatchObject([{ outcome: null, attempts: 1 }]);
  });

  it('passes over what others claim at the same moment', async () => {
    await rows.endpoint();
    await deliver(40);
    const claims = await Promise.all(Array.from({ length: 8 }, () => claim(10)));
    const ids = claims.flatMap(({ deliveries }) => deliveries.map(({ id }) => id));
    expect(new Set(ids).size).toBe(ids.length);
    const { deliveries } = await claim();
    expect(ids.length + deliveries.length).toBe(40);
  });

  it('says when the next one is due', async () => {
    await rows.endpoint();
    await deliver(1);
    await record(attempt(await claimOne(), null));
    expect(await claim()).toEqual({ deliveries: [], nextAt: otklik.clock.now() + MINUTE });
    otklik.clock.advance(MINUTE);
    expect(await claimOne()).toMatchObject({ number: 2, tries: 1 });
  });

  describe('of several endpoints', () => {
    it('gives each its share, however much one has waiting', async () => {
      const flooded = await rows.endpoint();
      await deliver(500);
      const others = [await rows.endpoint(), await rows.endpoint(), await rows.endpoint()];
      await deliver(30);
      const { deliveries } = await claim(40);
      expect(deliveries).toHaveLength(40);
      for (const webhook of [flooded, ...others]) expect(countOf(deliveries, webhook)).toBe(10);
    });

    it('gives none more than its room', async () => {
      const slow = await rows.endpoint();
      const full = await rows.endpoint();
      const free = await rows.endpoint();
      await deliver(60);
      const { deliveries } = await claim(CAPACITY, { [slow]: 3, [full]: 0 });
      expect(countOf(deliveries, slow)).toBe(3);
      expect(countOf(deliveries, full)).toBe(0);
      expect(countOf(deliveries, free)).toBe(ENDPOINT_MOST);
    });

    it('gives to as many as there is room for, where they are more than that', async () => {
      for (let webhooks = 0; webhooks < 10; webhooks++) await rows.endpoint();
      await deliver(2);
      const { deliveries } = await claim(4);
      expect(new Set(deliveries.map(({ webhookId }) => webhookId)).size).toBe(4);
    });

    it('gives nothing to one that is disabled', async () => {
      const webhook = await rows.endpoint();
      await deliver(1);
      await otklik.database.query('update webhooks set enabled = false where id = $1', [webhook]);
      expect(await claim()).toEqual({ deliveries: [], nextAt: undefined });
    });
  });

  describe('with a rate limit', () => {
    it('gives so many a second, and says when there is more', async () => {
      await rows.endpoint({ rateLimitPerSecond: 50 });
      await deliver(200);
      let sent = 0;
      const begin = otklik.clock.now();
      while (otklik.clock.now() < begin + 2 * SECOND) {
        const { deliveries, nextAt } = await claim();
        sent += deliveries.length;
        if (deliveries.length === 0) otklik.clock.advance(Math.max(1, (nextAt ?? 0) - otklik.clock.now()));
      }
      // Two seconds, and what may be caught up on at once: a tenth of one.
      expect(sent).toBeGreaterThanOrEqual(100);
      expect(sent).toBeLessThanOrEqual(106);
    });

    it('counts what all workers claim together', async () => {
      await rows.endpoint({ rateLimitPerSecond: 10 });
      await deliver(100);
      const claims = await Promise.all(Array.from({ length: 8 }, () => claim()));
      const sent = claims.reduce((sum, { deliveries }) => sum + deliveries.length, 0);
      expect(sent).toBe(2);
    });
  });

  describe('of an endpoint that fails', () => {
    it('gives nothing during its pause, then one that is on trial', async () => {
      const webhook = await rows.endpoint();
      await breakDown();
      await deliver(3);
      expect(await rows.state(webhook)).toMatchObject({
        failures: FAILURES_MOST,
        blockedUntil: new Date(otklik.clock.now() + FIRST_PAUSE),
      });
      expect(await claim()).toEqual({ deliveries: [], nextAt: otklik.clock.now() + FIRST_PAUSE });

      otklik.clock.advance(FIRST_PAUSE);
      const claims = await Promise.all(Array.from({ length: 4 }, () => claim()));
      const [trial, ...more] = claims.flatMap(({ deliveries }) => deliveries);
      expect(more).toEqual([]);
      expect(trial?.isOnTrial).toBe(true);
    });

    it('makes its pause twice as long each time, up to the longest', async () => {
      const webhook = await rows.endpoint();
      await breakDown();
      await deliver(1);
      for (const pause of [2, 4, 6, 6].map((times) => Math.min(times * FIRST_PAUSE, LONGEST_PAUSE))) {
        const { blockedUntil } = (await rows.state(webhook)) ?? {};
        otklik.clock.advance((blockedUntil?.getTime() ?? 0) - otklik.clock.now());
        await record(attempt(await claimOne(), null, { nextAttemptAt: otklik.clock.now() }));
        const state = await rows.state(webhook);
        expect(state?.blockedUntil?.getTime()).toBe(otklik.clock.now() + pause);
      }
    });

    it('does not take those that were on their way when it began for further failures', async () => {
      const webhook = await rows.endpoint();
      await deliver(20);
      const { deliveries } = await claim();
      for (const delivery of deliveries) await record(attempt(delivery, null));
      expect(await rows.state(webhook)).toMatchObject({
        failures: FAILURES_MOST,
        blockedUntil: new Date(otklik.clock.now() + FIRST_PAUSE),
      });
    });

    it('gives everything again after one success', async () => {
      const webhook = await rows.endpoint();
      await breakDown();
      await deliver(10);
      otklik.clock.advance(FIRST_PAUSE);
      await record(attempt(await claimOne(), 'delivered'));
      expect(await rows.state(webhook)).toEqual({ failures: 0, failingSince: null, blockedUntil: null });
      expect((await claim()).deliveries).toHaveLength(9);
    });

    it('tries again at once where Otklik broke the trial off itself', async () => {
      await rows.endpoint();
      await breakDown();
      await deliver(1);
      otklik.clock.advance(FIRST_PAUSE);
      const brokenOff = { counts: false, isFailure: false, nextAttemptAt: otklik.clock.now() };
      await record(attempt(await claimOne(), null, brokenOff));
      expect(await claimOne()).toMatchObject({ isOnTrial: true, number: 2, tries: 0 });
    });

    it('says since when it fails', async () => {
      const webhook = await rows.endpoint();
      const well = await rows.endpoint();
      await deliver(1);
      const since = new Date(otklik.clock.now());
      const outcomeOf = ({ webhookId }: ClaimedDelivery) => (webhookId === well ? 'delivered' : 'failed');
      const { deliveries } = await claim();
      await record(...deliveries.map((delivery) => attempt(delivery, outcomeOf(delivery))));
      otklik.clock.advance(DAY);
      await deliver(1);
      const later = await claim();
      const recorded = await record(
        ...later.deliveries.map((delivery) => attempt(delivery, outcomeOf(delivery))),
      );
      expect(recorded.failing).toEqual([{ webhookId: webhook, failingSince: since }]);
    });

    it('leaves it alone for as long as it asks', async () => {
      const webhook = await rows.endpoint();
      await deliver(2);
      const pauseUntil = otklik.clock.now() + 7 * SECOND;
      await record(attempt(await claimOne(), null, { isFailure: false, pauseUntil }));
      expect(await rows.state(webhook)).toMatchObject({ failures: 0, blockedUntil: new Date(pauseUntil) });
      expect(await claim()).toEqual({ deliveries: [], nextAt: pauseUntil });
      otklik.clock.advance(7 * SECOND);
      expect((await claim()).deliveries).toHaveLength(1);
    });
  });

  describe('where the order of a conversation is kept', () => {
    it('gives the next one when the one before has ended, delivered or not', async () => {
      await rows.endpoint({ ordered: true });
      await deliver(3, CONVERSATION);
      await deliver(1);
      const { deliveries } = await claim();
      expect(deliveries).toHaveLength(2);
      const [first, other] = deliveries;
      if (!first || !other) throw new Error('Too few.');
      await record(attempt(other, 'delivered'));
      expect((await claim()).deliveries).toEqual([]);

      // While it is tried again, those behind it wait.
      await record(attempt(first, null));
      expect((await claim()).deliveries).toEqual([]);
      otklik.clock.advance(MINUTE);
      const again = await claimOne();
      expect(again.id).toBe(first.id);

      expect(await record(attempt(again, 'dead'))).toMatchObject({ released: 1 });
      const second = await claimOne();
      expect(await record(attempt(second, 'delivered'))).toMatchObject({ released: 1 });
      expect((await claim()).deliveries).toHaveLength(1);
    });

    it('releases one that is made in the same moment in which the one before ends', async () => {
      const webhook = await rows.endpoint({ ordered: true });
      for (let round = 0; round < 20; round++) {
        await deliver(1, CONVERSATION);
        const first = await claimOne();
        await Promise.all([record(attempt(first, 'delivered')), deliver(1, CONVERSATION)]);
        const second = await claimOne();
        await record(attempt(second, 'delivered'));
      }
      expect((await rows.deliveries(webhook)).every(({ outcome }) => outcome === 'delivered')).toBe(true);
    });
  });

  it('keeps the attempt', async () => {
    await rows.endpoint();
    await deliver(1);
    const delivery = await claimOne();
    await record(attempt(delivery, 'dead'));
    const attempts = await otklik.database.query('select * from attempts where delivery_id = $1', [
      delivery.id,
    ]);
    expect(attempts).toEqual([
      {
        delivery_id: delivery.id,
        number: 1,
        started_at: new Date(otklik.clock.now()),
        duration_ms: 12,
        address: '127.0.0.1',
        request_headers: { 'webhook-id': delivery.event.eventId },
        status: 500,
        response_headers: { server: 'receiver' },
        body_excerpt: 'ok',
        error_class: 'http_status',
        error: 'The endpoint answered 500.',
      },
    ]);
  });
});
