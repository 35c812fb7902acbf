import { DataSource } from 'typeorm';
import { EventGaps } from '../src/events/event-gaps.js';
import { DueReminderRepository } from '../src/reminders/due-reminder.repository.js';
import { bucketOf, GROWTH } from '../src/statistics/durations.js';
import { EventCounting } from '../src/statistics/event-counting.js';
import { COUNT_EVENTS_ROUTINE, StatisticsRepository } from '../src/statistics/statistics.repository.js';
import type { StatisticsView } from '../src/statistics/statistics.schemas.js';
import { RECORD_ATTEMPTS_ROUTINE } from '../src/webhooks/dispatch/delivery-queue.js';
import { makeDelivery, makeEvent } from './support/deliveries.js';
import { eventually } from './support/eventually.js';
import { DAY, HOUR, MINUTE, SECOND } from './support/settable-clock.js';
import { readsOf } from './support/table-reads.js';
import { newClient, TestOtklik } from './support/test-otklik.js';
import { webhookRows } from './support/webhook-rows.js';

const otklik = new TestOtklik({ env: { STATISTICS_BATCH_SIZE: '7', STATISTICS_HOURS_KEPT: 'P2D' } });
const rows = webhookRows(otklik);
beforeAll(() => otklik.start());
afterAll(() => otklik.stop());

const count = () => otklik.part(EventCounting).run();

async function statistics(query = ''): Promise<StatisticsView> {
  const { status, body } = await otklik.api.get<StatisticsView>(`/api/system/stats${query}`);
  expect(status).toBe(200);
  return body;
}

const act = async (path: string, body: unknown) => {
  const { status } = await otklik.api.post(path, body);
  expect(status).toBeLessThan(300);
};

const reply = (conversationId: string) =>
  act(`/api/conversations/${conversationId}/replies`, {
    content: 'On its way.',
    author: 'operator',
    operatorId: 'maria',
  });

const close = (conversationId: string, reason = 'solved') =>
  act(`/api/conversations/${conversationId}/close`, { reason });

describe('the statistics', () => {
  beforeEach(async () => {
    await count();
    // What a spec counted is none of the next one's business.
    otklik.clock.advance(2 * HOUR);
    await otklik.database.execute(`
      truncate clients, events, statistics_hours, statistics_conversations, statistics_tallies cascade;
      update statistics_follower
         set position = (select last_value - 1 + is_called::integer from events_position_seq),
             open = 0, waiting = 0, escalated = 0, days_until = null`);
  });

  it('tell of all that happened, in one answer', async () => {
    const urgent = await otklik.accept({
      clientId: newClient(),
      content: 'My card was stolen!',
      channel: 'email',
    });
    const calm = await otklik.accept({ clientId: newClient(), content: 'Where is my parcel?' });
    await otklik.accept({ clientId: calm.clientId, content: 'Are you there?' });
    otklik.clock.advance(10 * SECOND);
    await act('/api/escalations/claim', { operatorId: 'maria' });
    otklik.clock.advance(50 * SECOND);
    await reply(urgent.conversationId);
    await count();
    const before = await statistics();
    expect(before.conversations).toMatchObject({ opened: 2, closed: 0, openNow: 2, waitingNow: 1 });
    expect(before.escalations.openNow).toBe(0);

    await reply(urgent.conversationId);
    otklik.clock.advance(MINUTE);
    await reply(calm.conversationId);
    await close(calm.conversationId, 'The client was Anna Ozola');
    await close(urgent.conversationId);
    await act(`/api/messages/${urgent.id}/triage`, { category: 'lost_card' });
    await count();

    const { messages, conversations, escalations, reminders, triage, countedUntil } = await statistics();
    expect(Date.parse(countedUntil ?? '') - otklik.clock.now()).toBeLessThan(SECOND);
    expect(messages).toMatchObject({
      inbound: 3,
      outbound: 3,
      byChannel: { api: 2, email: 1 },
      byAuthor: { operator: 3 },
    });
    expect(messages.byPriority.urgent).toBe(1);
    expect(Object.values(messages.byCategory).reduce((sum, amount) => sum + amount)).toBe(3);
    expect(conversations).toMatchObject({
      opened: 2,
      closed: 2,
      closedByReason: { solved: 1, other: 1 },
      openNow: 0,
      waitingNow: 0,
    });
    expect(conversations.firstResponse.count).toBe(2);
    expect(conversations.resolution.count).toBe(2);
    for (const { medianMs, p90Ms, near } of [
      { ...conversations.firstResponse, near: [60_000, 120_000] },
      { ...conversations.resolution, near: [120_000, 120_000] },
      { ...escalations.timeToClaim, near: [10_000, 10_000] },
    ]) {
      expect(Math.abs((medianMs ?? 0) / (near[0] ?? 1) - 1)).toBeLessThan(0.06);
      expect(Math.abs((p90Ms ?? 0) / (near[1] ?? 1) - 1)).toBeLessThan(0.06);
    }
    expect(escalations).toMatchObject({
      opened: 1,
      openedByReason: { triage: 1 },
      claimed: 1,
      resolved: 1,
      openNow: 0,
    });
    expect(reminders.cancelled).toBeGreaterThan(0);
    expect(triage).toMatchObject({ decided: 3, corrected: 1 });
    // What a person wrote as a reason is not kept.
    const labels = await otklik.database.query<{ label: string }>(
      `select label from statistics_hours where label like '%Anna%'`,
    );
    expect(labels).toEqual([]);
  });

  it('count a second escalation of a conversation, and no claim twice', async () => {
    const { conversationId } = await otklik.accept({ clientId: newClient(), content: 'Hello' });
    const escalate = () => act(`/api/conversations/${conversationId}/escalate`, { reason: 'a manager' });
    await escalate();
    const claim = () => act('/api/escalations/claim', { operatorId: 'maria' });
    const [escalation] = await otklik.database.query<{ id: string }>(
      'select id from escalations where resolved_at is null',
    );
    await claim();
    await act(`/api/escalations/${escalation?.id}/release`, {});
    await claim();
    await reply(conversationId);
    await escalate();
    await count();
    expect((await statistics()).escalations).toMatchObject({
      opened: 2,
      claimed: 2,
      released: 1,
      resolved: 1,
      openNow: 1,
      timeToClaim: { count: 1 },
    });
  });

  it('count an escalation once that becomes more urgent', async () => {
    const { clientId, conversationId } = await otklik.accept({ clientId: newClient(), content: 'Hello' });
    await act(`/api/conversations/${conversationId}/escalate`, { reason: 'a manager' });
    await otklik.accept({ clientId, content: 'My card was stolen!' });
    await count();
    const told = await otklik.database.query(`select from events where type = 'conversation.escalated'`);
    expect(told).toHaveLength(2);
    expect((await statistics()).escalations).toMatchObject({ opened: 1, openNow: 1 });
  });

  it('are the same however the events fall into batches', async () => {
    const clients = Array.from({ length: 5 }, () => newClient());
    for (const clientId of clients) {
      const { conversationId } = await otklik.accept({ clientId, content: 'My card was stolen!' });
      otklik.clock.advance(SECOND);
      await otklik.accept({ clientId, content: 'Now!' });
      await reply(conversationId);
      if (clientId !== clients[0]) await close(conversationId);
      await otklik.accept({ clientId, content: 'My card was stolen, again!' });
    }
    const countBy = async (batchSize: number) => {
      await otklik.database.execute(`
        truncate statistics_hours, statistics_conversations;
        update statistics_follower set open = 0, waiting = 0, escalated = 0,
          position = (select min(position) - 1 from events)`);
      const table = otklik.part(StatisticsRepository);
      while (((await table.count(batchSize, 0))?.events ?? 0) > 0);
      const { countedUntil: _, ...all } = await statistics();
      return { ...all, state: await otklik.database.query('table statistics_conversations order by 1') };
    };
    const whole = await countBy(1000);
    expect(whole.conversations).toMatchObject({ opened: 9, closed: 4, openNow: 5, waitingNow: 5 });
    expect(whole.escalations).toMatchObject({ opened: 10, resolved: 5, openNow: 5 });
    expect(await countBy(1)).toEqual(whole);
    expect(await countBy(3)).toEqual(whole);
  });

  it('count nothing twice and miss nothing where a batch is cut off', async () => {
    await otklik.accept({ clientId: newClient(), content: 'Hello' });
    await otklik.database.rolledBack(async (query) => {
      const [counted] = await query<{ events: number }>(
        `select events from ${COUNT_EVENTS_ROUTINE.name}(100, 0, ${GROWTH})`,
      );
      expect(counted?.events).toBeGreaterThan(0);
      // Meanwhile another one leaves it alone.
      expect(await otklik.part(StatisticsRepository).count(100, 0)).toBeUndefined();
      expect(await count()).toEqual({ handled: 0 });
    });
    await Promise.all([count(), count(), count()]);
    await count();
    expect((await statistics()).messages.inbound).toBe(1);
  });

  it('wait for an event that is committed late', async () => {
    await rows.events(1);
    const table = otklik.part(StatisticsRepository);
    await otklik.database.commitAfter(
      `insert into events (id, type, conversation_id, occurred_at, data)
       values (gen_random_uuid(), 'conversation.closed', gen_random_uuid(), '${otklik.clock.iso()}', '{"reason":"late"}')`,
      async () => {
        await rows.events(1);
        const { gap, events } = (await table.count(100, 0)) ?? {};
        expect(events).toBe(1);
        const gaps = new EventGaps(otklik.part(DataSource));
        for (let looks = 0; looks < 3; looks++)
          expect(await gaps.decided(gap?.missing ?? 0, gap?.seen ?? 0)).toBeUndefined();
        expect(await table.count(100, 0)).toMatchObject({ events: 0 });
      },
    );
    expect(await table.count(100, 0)).toMatchObject({ events: 2, gap: undefined });
    expect((await statistics()).conversations.closedByReason).toEqual({ late: 1 });
  });

  it('go on past an event that was rolled back, soon', async () => {
    await otklik.database.rolledBack((query) => query(`select nextval('events_position_seq')`));
    await rows.events(1);
    expect(await count()).toEqual({ handled: 0, nextAt: otklik.clock.now() + 50 });
    await eventually(count, ({ handled }) => handled === 1);
    expect((await statistics()).conversations.openNow).toBe(1);
  });

  it('are of the present hour, also where it has just begun', async () => {
    otklik.clock.advance(HOUR - (otklik.clock.now() % HOUR));
    expect((await statistics()).until).toBe(otklik.clock.iso(HOUR));
  });

  it('are by whole hours of UTC, an event by when it happened', async () => {
    const at = otklik.clock.now() - (otklik.clock.now() % HOUR);
    const received = (...times: readonly number[]) =>
      otklik.database.query(
        `insert into events (id, type, conversation_id, occurred_at, data)
         select uuid_v7(at), 'message.received', gen_random_uuid(), at, '{"channel":"api"}'
           from unnest($1::timestamptz[]) at`,
        [times.map((time) => new Date(time))],
      );
    await received(at - 2 * HOUR - 1, at - 2 * HOUR, at - HOUR - 1, at - HOUR, at);
    await count();
    const iso = (time: number) => new Date(time).toISOString();
    const between = await statistics(
      `?since=${iso(at - 2 * HOUR + MINUTE)}&until=${iso(at - HOUR - MINUTE)}`,
    );
    expect(between).toMatchObject({
      since: iso(at - 2 * HOUR),
      until: iso(at - HOUR),
      messages: { inbound: 2 },
    });
    const zoned = new Date(at - 2 * HOUR + 2 * HOUR).toISOString().replace('Z', '+02:00');
    expect((await statistics(`?since=${encodeURIComponent(zoned)}`)).messages.inbound).toBe(4);
    expect((await statistics()).messages.inbound).toBe(5);
    await received(at - HOUR);
    await count();
    expect(await statistics()).toMatchObject({ countedUntil: iso(at), messages: { inbound: 6 } });
    const backwards = `?since=${iso(at)}&until=${iso(at - HOUR)}`;
    expect((await otklik.api.refused('GET', `/api/system/stats${backwards}`)).body.code).toBe(
      'validation_failed',
    );
  });

  it('are of at most 367 days, also where it is left out until when', async () => {
    const [since, until] = [-367 * DAY, DAY].map((offset) => otklik.clock.iso(offset));
    expect((await statistics(`?since=${otklik.clock.iso(-366 * DAY)}`)).messages.inbound).toBe(0);
    for (const query of [`?since=${since}`, `?since=${since}&until=${until}`]) {
      const { status, body } = await otklik.api.refused('GET', `/api/system/stats${query}`);
      const message = 'must be at most 367 days before until';
      expect([status, body.errors]).toEqual([400, [{ path: 'since', message }]]);
    }
  });

  it('add hours up to days once they are old, and lose nothing', async () => {
    const day = Math.floor(otklik.clock.now() / DAY) * DAY - 5 * DAY;
    await otklik.database.query(
      `insert into statistics_hours (hour, measure, label, amount)
       select $1::timestamptz + n * interval '1 hour', 'messages.direction', 'inbound', 1
         from generate_series(0, 119) n`,
      [new Date(day)],
    );
    const [noon, midnight] = [12, 24].map((hour) => new Date(day + hour * HOUR).toISOString());
    const afternoon = async () => (await statistics(`?since=${noon}&until=${midnight}`)).messages.inbound;
    otklik.clock.advance(DAY);
    expect(await afternoon()).toBe(12);
    await count();
    // Of a day that is added up, all is where it begins.
    expect(await afternoon()).toBe(0);
    const hours = await otklik.database.query<{ hour: Date; amount: string }>(
      'select hour, amount from statistics_hours order by hour',
    );
    expect(hours.slice(0, 3).map(({ amount }) => Number(amount))).toEqual([24, 24, 24]);
    expect(hours.map(({ amount }) => Number(amount)).reduce((sum, amount) => sum + amount)).toBe(120);
    expect(hours.length).toBeGreaterThan(24);
    const since = new Date(day).toISOString();
    expect((await statistics(`?since=${since}`)).messages.inbound).toBe(120);
  });

  it('count what has no event: deliveries that are over, and reminders that failed', async () => {
    const { id: reminderId } = (await otklik.accept({ clientId: newClient(), content: 'Hello' }))
      .reminders[0] ?? { id: '' };
    const reminders = otklik.part(DueReminderRepository);
    otklik.clock.advance(DAY);
    const now = () => new Date(otklik.clock.now());
    for (const attempts of [2, 1]) {
      const { reminders: claimed } = await reminders.claim(otklik.clock.now(), MINUTE, 100);
      const reminder = claimed.find(({ id }) => id === reminderId);
      if (!reminder) throw new Error('The reminder was not claimed.');
      const isLast = await reminders.fail(reminder, now(), 'no', attempts, now());
      expect(isLast).toBe(attempts === 1);
      otklik.clock.advance(MINUTE);
    }
    const webhookId = await rows.endpoint();
    const outcomes = ['delivered', 'delivered', 'dead', null];
    for (const outcome of outcomes) {
      const eventId = await makeEvent(otklik.database, { at: otklik.clock.iso(), isFannedOut: false });
      const deliveryId = await makeDelivery(otklik.database, webhookId, eventId);
      const attempt = {
        delivery_id: deliveryId,
        webhook_id: webhookId,
        lease_token: 0,
        number: 1,
        counts: true,
        outcome,
        started_at: otklik.clock.iso(),
        duration_ms: 1,
        request_headers: {},
        ...(outcome !== 'delivered' && { error_class: 'http_status', is_failure: true }),
      };
      await otklik.database.query(
        `select * from ${RECORD_ATTEMPTS_ROUTINE.name}($1, $2, 100, interval '1 second', interval '1 minute')`,
        [JSON.stringify([attempt]), otklik.clock.iso()],
      );
    }
    await count();
    await count();
    const statisticsNow = await statistics();
    expect(statisticsNow.webhooks).toEqual({ delivered: 2, failed: 0, dead: 1 });
    expect(statisticsNow.reminders.failed).toBe(1);
    await otklik.database.query(
      `insert into statistics_tallies (at, measure, label, amount)
       select $1, 'reminders.failed', '', 1 from generate_series(1, 20)`,
      [otklik.clock.iso()],
    );
    await count();
    expect((await statistics()).reminders.failed).toBe(21);
    expect(await otklik.database.query('select from statistics_tallies')).toEqual([]);
  });

  it('put a duration into the bucket that they read it from', async () => {
    const durations = [0, 1, 7, 999, 60_000, 86_400_000, 31_536_000_000];
    const buckets = await otklik.database.query<{ bucket: number }>(
      `select floor(ln(greatest(ms, 1)::double precision) / ln($2::double precision))::integer as bucket
         from unnest($1::bigint[]) with ordinality as given (ms, place) order by place`,
      [durations, GROWTH],
    );
    expect(buckets.map(({ bucket }) => bucket)).toEqual(durations.map(bucketOf));
  });

  it('tell the 50 most frequent labels apart', async () => {
    await otklik.database.query(
      `insert into statistics_hours (hour, measure, label, amount)
       select date_trunc('hour', $1::timestamptz, 'UTC'), 'messages.channel', 'channel-' || n, 100 - n
         from generate_series(1, 60) n`,
      [otklik.clock.iso()],
    );
    const { byChannel } = (await statistics()).messages;
    expect(Object.keys(byChannel)).toHaveLength(51);
    expect(byChannel).toMatchObject({ 'channel-1': 99, 'channel-50': 50, other: 445 });
  });

  it('read what is new by one range of one index, beside a large outbox with old statistics', async () => {
    await otklik.database.execute(`
      analyze events;
      alter table events set (autovacuum_enabled = off);
      insert into events (id, type, conversation_id, occurred_at, data)
      select gen_random_uuid(), 'message.received', gen_random_uuid(), '2026-11-21', '{"channel":"api"}'
        from generate_series(1, 50000);
      update statistics_follower set position = (select max(position) - 1000 from events)`);
    await otklik.database.rolledBack(async (query) => {
      const reads = await readsOf(query, () =>
        query(`select * from ${COUNT_EVENTS_ROUTINE.name}(500, 0, ${GROWTH})`),
      );
      expect(reads.sequential.filter((table) => table === 'events')).toEqual([]);
      expect(reads.indexes.pk_events).toBeLessThanOrEqual(1001);
    });
  });
});

describe('a worker', () => {
  const worker = new TestOtklik({ beside: otklik, env: { ROLES: 'api,worker' } });
  beforeAll(() => worker.start());
  afterAll(() => worker.stop());

  it('counts by itself', async () => {
    const { messages } = await statistics();
    await otklik.accept({ clientId: newClient(), content: 'Hello' });
    otklik.clock.advance(15 * SECOND);
    await eventually(async () => (await statistics()).messages.inbound === messages.inbound + 1);
  });
});
