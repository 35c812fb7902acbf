import { DataSource } from 'typeorm';
import type { AuditEntryView } from '../src/audit/audit.schemas.js';
import { Retention } from '../src/retention/retention.js';
import type { RetentionView } from '../src/retention/retention.schemas.js';
import { EventCounting } from '../src/statistics/event-counting.js';
import { REQUEUE_DELIVERIES_ROUTINE } from '../src/webhooks/delivery.repository.js';
import type { PageOf } from './support/api-client.js';
import { clearKind } from './support/clear-kind.js';
import { makeDelivery, makeEvent, makeWebhook } from './support/deliveries.js';
import { DAY, SECOND } from './support/settable-clock.js';
import { readsOf } from './support/table-reads.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

const BATCH = 10;

describe('retention (E22)', () => {
  const otklik = new TestOtklik({
    env: {
      RETENTION_CONVERSATIONS: 'P30D',
      RETENTION_EVENTS: 'P90D',
      CLEANUP_BATCH_SIZE: String(BATCH),
    },
  });
  beforeAll(() => otklik.start());
  afterAll(() => otklik.stop());
  beforeEach(async () => {
    await otklik.database.execute('truncate clients, events, webhooks, idempotency_records cascade');
    // Whatever a run before passed over is looked at again.
    otklik.clock.advance(2 * DAY);
  });

  const run = (stopping?: AbortSignal) => otklik.part(Retention).run(stopping);

  async function states(): Promise<Record<string, RetentionView['data'][number]>> {
    const { body } = await otklik.api.get<RetentionView>('/api/system/retention');
    return Object.fromEntries(body.data.map((state) => [state.kind, state]));
  }

  /** A conversation that was closed so long ago. */
  async function closed(ago: number, messages = 1, clientId = newClient()): Promise<string> {
    const { conversationId } = await otklik.accept({ clientId, content: 'My card was stolen!' });
    await otklik.api.post(`/api/conversations/${conversationId}/close`, { reason: 'solved' });
    const at = otklik.clock.iso(-ago);
    await otklik.database.query(
      'update conversations set closed_at = $2, last_activity_at = $2 where id = $1',
      [conversationId, at],
    );
    await otklik.database.query('update clients set last_seen_at = $2 where id = $1', [clientId, at]);
    await otklik.database.query(
      `insert into messages
              (id, client_id, conversation_id, direction, author, content, channel, sent_at, created_at)
       select gen_random_uuid(), $1, $2, 'inbound', 'client', 'x', 'api', $3, $3 from generate_series(2, $4::integer)`,
      [clientId, conversationId, at, messages],
    );
    return conversationId;
  }

  const left = async (table: string, column = 'id') =>
    (await otklik.database.query<{ id: string }>(`select ${column} as id from ${table}`)).map(({ id }) => id);

  /** Counted, so that nothing else keeps them. */
  const counted = async () => {
    // Numbers that specs before took and did not use are gaps, and those it looks at several times.
    for (let look = 0; look < 4; look++) await otklik.part(EventCounting).run();
  };

  describe('of conversations', () => {
    it('deletes what was closed long ago, with all that belongs to it, and the client of whom nothing is left', async () => {
      await closed(30 * DAY + SECOND, 3 * BATCH + 5);
      const young = await closed(30 * DAY - SECOND);
      const open = await otklik.accept({ clientId: newClient(), content: 'Hello' });
      const returned = newClient();
      await closed(31 * DAY, 1, returned);
      const again = await otklik.accept({ clientId: returned, content: 'Hello again' });

      expect((await states()).conversations).toMatchObject({ due: 2, dueIsMore: false, lastRun: null });
      expect(await run()).toEqual({ handled: 2 });
      const stay = [young, open.conversationId, again.conversationId].toSorted();
      expect((await left('conversations')).toSorted()).toEqual(stay);
      for (const table of ['messages', 'reminders', 'escalations'])
        for (const id of await left(table, 'conversation_id')) expect(stay).toContain(id);
      expect(await left('clients')).toHaveLength(3);
      expect((await states()).conversations).toMatchObject({ due: 0, lastRun: { deleted: 2 } });
    });

    it('changes nothing in a dry run', async () => {
      await closed(31 * DAY);
      const before = await otklik.database.countRows();
      const dry = await otklik.api.post<RetentionView>('/api/system/retention/run', { dryRun: true });
      expect(dry.status).toBe(200);
      expect(dry.body.data[0]).toMatchObject({ kind: 'conversations', due: 1, keepForMs: 30 * DAY });
      expect(await otklik.database.countRows()).toEqual(before);
      expect((await otklik.api.refused('POST', '/api/system/retention/run', { body: '{}' })).status).toBe(
        415,
      );
    });

    it('leaves a client in the middle of something alone: a message in the same instant wins', async () => {
      const clientId = newClient();
      const id = await closed(31 * DAY, 1, clientId);
      const gone = await closed(32 * DAY);
      const lock = `select from clients where id = '${clientId}' for no key update`;
      expect(await otklik.database.during(lock, () => run())).toEqual({ handled: 1 });
      expect(await left('conversations')).toEqual([id]);
      expect(gone).not.toBe(id);
      // The other way round: who writes while the client is deleted waits, and is somebody new.
      const writing = otklik.database.commitAfter(
        `delete from conversations where client_id = '${clientId}'; delete from clients where id = '${clientId}'`,
        async () => {
          const written = otklik.accept({ clientId, content: 'Hello' });
          await otklik.database.untilBlocked(1);
          return { written };
        },
      );
      const { isFirstMessage } = await (await writing).written;
      expect(isFirstMessage).toBe(true);
    });

    it('passes over however many clients are in the middle of something, and comes to its end', async () => {
      await otklik.database.query(
        `with made as (
           insert into clients (id, first_seen_at, last_seen_at)
           select 'busy-' || n, $1, $1 from generate_series(1, 201) n
           returning id)
         insert into conversations
                (id, client_id, status, priority, channel, opened_at, last_activity_at, closed_at)
         select gen_random_uuid(), id, 'closed', 'normal', 'api', $1, $1, $1 from made`,
        [otklik.clock.iso(-31 * DAY)],
      );
      const lock = 'select from clients for no key update';
      expect(await otklik.database.during(lock, () => run())).toEqual({ handled: 0 });
      expect(await run()).toEqual({ handled: 201 });
    });

    it('deletes no more messages in one transaction than a batch has', async () => {
      await closed(31 * DAY, 3 * BATCH);
      const { length } = await left('messages');
      expect(await clearKind(otklik, 'conversations', 1)).toBe(0);
      expect(await left('messages')).toHaveLength(length - BATCH);
      expect(await run()).toEqual({ handled: 1 });
    });

    it('keeps a client who was seen lately', async () => {
      await closed(31 * DAY);
      await otklik.database.query('update clients set last_seen_at = $1', [otklik.clock.iso()]);
      expect(await run()).toEqual({ handled: 1 });
      expect(await left('clients')).toHaveLength(1);
    });

    it('comes to its end where it is cut off, and goes on later', async () => {
      await closed(31 * DAY, 3 * BATCH);
      expect(await run(AbortSignal.abort())).toEqual({ handled: 0 });
      expect(await left('conversations')).toHaveLength(1);
      expect(await run()).toEqual({ handled: 1 });
    });
  });

  describe('of events', () => {
    const old = (days = 91) => makeEvent(otklik.database, { at: otklik.clock.iso(-days * DAY) });

    it('deletes those that are told and counted, in batches', async () => {
      for (let n = 0; n < 2 * BATCH + 3; n++) await old();
      const young = await old(89);
      await counted();
      expect((await states()).events).toMatchObject({ due: 23, dueIsMore: false });
      expect(await run()).toEqual({ handled: 23 });
      expect(await left('events')).toEqual([young]);
    });

    it('passes over one that somebody holds', async () => {
      for (let n = 0; n < 2; n++) await old();
      await counted();
      const lock = 'select from events order by position limit 1 for update';
      expect(await otklik.database.during(lock, () => run())).toEqual({ handled: 1 });
    });

    it('stands in the audit log also as far as a run came that failed', async () => {
      for (let n = 0; n < BATCH + 1; n++) await old();
      await counted();
      const [last] = await otklik.database.query<{ id: string }>(
        'select id from events order by position desc limit 1',
      );
      await otklik.database.execute(`
        create function keep() returns trigger language plpgsql as $$ begin raise 'kept'; end $$;
        create trigger keep before delete on events for each row when (old.id = '${last?.id}')
          execute function keep()`);
      await expect(run()).rejects.toThrow('kept');
      await otklik.database.execute('drop function keep cascade');
      const { body } = await otklik.api.get<PageOf<AuditEntryView>>('/api/system/audit?limit=1');
      expect(body.data).toMatchObject([
        { action: 'retention.deleted', subject: 'events', after: { deleted: BATCH } },
      ]);
      expect(await run()).toEqual({ handled: 1 });
    });

    it('keeps what the statistics or the fan-out have not passed', async () => {
      await old();
      expect(await run()).toEqual({ handled: 0 });
      await counted();
      await otklik.database.execute('update event_fan_out set position = position - 1');
      expect(await run()).toEqual({ handled: 0 });
      await otklik.database.execute('update event_fan_out set position = position + 1');
      expect(await run()).toEqual({ handled: 1 });
    });

    it('keeps what has a delivery, and deletes what lies around it', async () => {
      const webhookId = await makeWebhook(otklik.database);
      const [, kept = '', , sent = ''] = [await old(), await old(), await old(), await old(), await old()];
      await makeDelivery(otklik.database, webhookId, kept);
      await makeDelivery(otklik.database, webhookId, sent, {
        outcome: 'delivered',
        finishedAt: otklik.clock.iso(-DAY),
      });
      await counted();
      expect((await states()).events?.due).toBe(3);
      expect(await run()).toEqual({ handled: 3 });
      expect((await left('events')).toSorted()).toEqual([kept, sent].toSorted());
      await otklik.database.query('delete from deliveries');
      // Not before a new round begins.
      expect(await run()).toEqual({ handled: 0 });
      otklik.clock.advance(DAY);
      expect(await run()).toEqual({ handled: 2 });
    });

    it('goes in the same run as its delivery, where that is old too', async () => {
      const webhookId = await makeWebhook(otklik.database);
      await makeDelivery(otklik.database, webhookId, await old(), { outcome: 'delivered' });
      await counted();
      expect(await run()).toEqual({ handled: 2 });
      expect([await left('deliveries'), await left('events')]).toEqual([[], []]);
    });

    it('keeps what a replay that goes on may want', async () => {
      const webhookId = await makeWebhook(otklik.database);
      await old(95);
      const wanted = await old(92);
      await otklik.database.query(
        `insert into webhook_replays (id, webhook_id, since, until, only_failed, created_at)
         values (gen_random_uuid(), $1, $2, now(), false, now())`,
        [webhookId, otklik.clock.iso(-93 * DAY)],
      );
      await counted();
      expect(await run()).toEqual({ handled: 1 });
      expect(await left('events')).toEqual([wanted]);
      await otklik.database.query('update webhook_replays set finished_at = now()');
      expect(await run()).toEqual({ handled: 1 });
    });

    it('makes no delivery of an event that is being deleted', async () => {
      const webhookId = await makeWebhook(otklik.database);
      const id = await old();
      await counted();
      const { asked } = await otklik.database.commitAfter(
        `delete from events where id = '${id}'`,
        async () => {
          const asked = otklik
            .part(DataSource)
            .query(`select ${REQUEUE_DELIVERIES_ROUTINE.name}($1, $2, array[$3::uuid])`, [
              otklik.clock.iso(),
              webhookId,
              id,
            ]);
          await otklik.database.untilBlocked(1);
          return { asked };
        },
      );
      await asked;
      expect(await left('deliveries')).toEqual([]);
    });
  });

  it('is done by itself, by workers', async () => {
    await closed(31 * DAY);
    const worker = new TestOtklik({
      beside: otklik,
      env: { ROLES: 'api,worker', RETENTION_CONVERSATIONS: 'P30D' },
    });
    await worker.start();
    const { status, body } = await worker.api.post<RetentionView>('/api/system/retention/run', {
      dryRun: false,
    });
    expect(status).toBe(200);
    expect(body.data[0]).toMatchObject({ due: 0, lastRun: { durationMs: expect.any(Number) } });
    await worker.stop();
    expect(await left('conversations')).toEqual([]);
    // Whoever asks for it does no more than that.
    const { body: log } = await otklik.api.get<PageOf<AuditEntryView>>('/api/system/audit?limit=1');
    expect(log.data).toMatchObject([{ action: 'retention.deleted', actor: { kind: 'system' } }]);
  });

  it('keeps conversations for ever by default, and never shorter than idempotency keys', async () => {
    const keeping = new TestOtklik({ beside: otklik });
    await keeping.start();
    const { body } = await keeping.api.get<RetentionView>('/api/system/retention');
    expect(Object.fromEntries(body.data.map(({ kind, keepForMs }) => [kind, keepForMs]))).toEqual({
      conversations: null,
      deliveries: 30 * DAY,
      webhook_replays: 30 * DAY,
      events: 90 * DAY,
      idempotency_keys: 2 * DAY,
      monitoring_samples: 7 * DAY,
      alerts: 90 * DAY,
    });
    await keeping.stop();
    const careful = new TestOtklik({
      beside: otklik,
      env: { RETENTION_CONVERSATIONS: 'P1D', IDEMPOTENCY_RETENTION: 'P3D', RETENTION_EVENTS: 'never' },
    });
    await careful.start();
    const kept = (await careful.api.get<RetentionView>('/api/system/retention')).body.data;
    expect(kept).toEqual([
      expect.objectContaining({ kind: 'conversations', keepForMs: 3 * DAY }),
      expect.objectContaining({ kind: 'deliveries' }),
      expect.objectContaining({ kind: 'webhook_replays' }),
      expect.objectContaining({ kind: 'events', keepForMs: null, before: null, due: 0 }),
      expect.objectContaining({
        kind: 'idempotency_keys',
        keepForMs: 3 * DAY,
        before: otklik.clock.iso(),
      }),
      expect.objectContaining({ kind: 'monitoring_samples', before: otklik.clock.iso(-7 * DAY) }),
      expect.objectContaining({ kind: 'alerts' }),
    ]);
    await careful.stop();
  });
});

describe('the way to what is old, beside much that is not, with old statistics', () => {
  const otklik = new TestOtklik({ env: { RETENTION_CONVERSATIONS: 'P30D', CLEANUP_BATCH_SIZE: '200' } });
  beforeAll(async () => {
    await otklik.start();
    await otklik.database.execute(`
      analyze;
      alter table conversations set (autovacuum_enabled = off);
      alter table events set (autovacuum_enabled = off);
      set session_replication_role = replica;
      insert into clients (id, first_seen_at, last_seen_at)
      select 'client-' || n, '2026-01-01', '2026-01-01' from generate_series(0, 999) n;
      insert into conversations
             (id, client_id, status, priority, channel, opened_at, last_activity_at, closed_at)
      select gen_random_uuid(), 'client-' || n % 1000, 'closed', 'normal', 'api', at, at, at
        from generate_series(1, 100000) n,
             lateral (select timestamptz '${otklik.clock.iso(-32 * DAY)}' + n * interval '1 minute' as at) closed;
      insert into events (id, type, conversation_id, occurred_at, data)
      select gen_random_uuid(), 'message.received', gen_random_uuid(),
             timestamptz '${otklik.clock.iso(-92 * DAY)}' + n * interval '1 minute', '{}'
        from generate_series(1, 100000) n;
      update event_fan_out set position = 100000;
      update statistics_follower set position = 100000;
      set session_replication_role = origin`);
  }, 60_000);
  afterAll(() => otklik.stop());

  it('reads no table, and few entries more than are deleted', async () => {
    await otklik.database.rolledBack(async (query) => {
      const reads = await readsOf(query, () =>
        query(
          `select count(*) from (
             select from conversations where status = 'closed' and last_activity_at < $1 limit 10001) due`,
          [otklik.clock.iso(-30 * DAY)],
        ),
      );
      expect(reads.sequential).toEqual([]);
      expect(reads.indexes.ix_conversations_status_activity).toBe(2879);
    });
    const [before] = await counters();
    expect(await otklik.part(Retention).run()).toEqual({ handled: 2 * 2879 });
    const [after] = await counters();
    expect(Number(after?.sequential) - Number(before?.sequential)).toBe(0);
    expect(Number(after?.read) - Number(before?.read)).toBeLessThan(40 * 2879);
  });

  it('says that there is more than it counts, also where some of what it looked at is kept', async () => {
    otklik.clock.advance(30 * DAY);
    const events = async () =>
      (await otklik.api.get<RetentionView>('/api/system/retention')).body.data.find(
        ({ kind }) => kind === 'events',
      );
    expect(await events()).toMatchObject({ due: 10_000, dueIsMore: true });
    const webhookId = await makeWebhook(otklik.database);
    await otklik.database.query(
      `insert into deliveries (id, webhook_id, event_id, event_position, event_type, created_at, next_attempt_at)
       select uuid_v7(occurred_at), $1, id, position, type, occurred_at, occurred_at
         from events order by position limit 2`,
      [webhookId],
    );
    expect(await events()).toMatchObject({ due: 9_999, dueIsMore: true });
  });

  /** What all of the work so far has read of these tables, once PostgreSQL has told. */
  async function counters() {
    await otklik.stopServing();
    const result = await otklik.database.query<{ sequential: string; read: string }>(
      `select sum(seq_tup_read) as sequential, sum(idx_tup_fetch) as read from pg_stat_user_tables
        where relname in ('conversations', 'events', 'messages')`,
    );
    await otklik.start();
    return result;
  }
});
