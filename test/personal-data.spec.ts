import { hash, randomUUID } from 'node:crypto';
import type { ClientView } from '../src/clients/client.schemas.js';
import type { ErasureView } from '../src/clients/erasure.schemas.js';
import { Erasures } from '../src/clients/erasures.js';
import type { EventView } from '../src/events/event.schemas.js';
import { EventCounting } from '../src/statistics/event-counting.js';
import type { StatisticsView } from '../src/statistics/statistics.schemas.js';
import type { PageOf } from './support/api-client.js';
import { makeAttempts, makeDelivery, makeWebhook } from './support/deliveries.js';
import { eventually } from './support/eventually.js';
import { SECOND } from './support/settable-clock.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

/** Stand in no other text. */
const WORDS = ['xylophone', 'zeppelin', 'quokka', 'marzipan', 'periwinkle'] as const;
const [CONTENT, REPLY, NOTE, NAME, META] = WORDS;

interface Exported {
  readonly client: ClientView;
  readonly conversations: readonly {
    readonly id: string;
    readonly messages: readonly { readonly content: string; readonly direction: string }[];
    readonly reminders: readonly { readonly note: string | null }[];
    readonly escalations: readonly { readonly note: string | null }[];
    readonly events: readonly { readonly type: string; readonly deliveryIds: readonly string[] }[];
  }[];
}

const otklik = new TestOtklik({ env: { CLEANUP_BATCH_SIZE: '7' } });
beforeAll(() => otklik.start());
afterAll(() => otklik.stop());

const erase = (clientId: string) => otklik.api.delete<ErasureView>(`/api/clients/${clientId}`);
const run = (stopping?: AbortSignal) => otklik.part(Erasures).run(stopping);
const exported = (clientId: string) => otklik.api.get<Exported>(`/api/clients/${clientId}/export`);

/** A client of whom there is something in every table. */
async function live(clientId: string): Promise<{ deliveryId: string; webhookId: string }> {
  const profile = { name: NAME, email: `${NAME}@shop.example` };
  const say = (content: string, more = {}) =>
    otklik.accept(
      { clientId, content, client: profile, metadata: { [META]: META }, ...more },
      { 'idempotency-key': randomUUID() },
    );
  const { conversationId, id } = await say(`My card was stolen! ${CONTENT}`);
  const conversation = `/api/conversations/${conversationId}`;
  const act = async (path: string, body: unknown) => {
    const { status } = await otklik.api.post(path, body, { 'idempotency-key': randomUUID() });
    expect(status).toBeLessThan(300);
  };
  await act(`${conversation}/replies`, { content: REPLY, author: 'operator', operatorId: 'maria' });
  await act(`${conversation}/reminders`, { scheduledAt: otklik.clock.iso(3_600_000), note: NOTE });
  await act(`/api/messages/${id}/triage`, { category: 'lost_card' });
  await act(`${conversation}/escalate`, { reason: NOTE });
  await act(`${conversation}/close`, { reason: `${CONTENT}, said ${NAME}` });
  let open = conversationId;
  for (let n = 0; n < 12; n++) ({ conversationId: open } = await say(`${n} ${CONTENT}`));
  await act(`/api/conversations/${open}/reminders`, { scheduledAt: otklik.clock.iso(3_600_000), note: NOTE });
  const webhookId = await makeWebhook(otklik.database);
  const [event] = await otklik.database.query<{ id: string }>(
    'select id from events where conversation_id = $1 limit 1',
    [conversationId],
  );
  const deliveryId = await makeDelivery(otklik.database, webhookId, event?.id ?? '');
  await makeAttempts(otklik.database, deliveryId, 2);
  await otklik.database.query('update attempts set body_excerpt = $2 where delivery_id = $1', [
    deliveryId,
    CONTENT,
  ]);
  return { deliveryId, webhookId };
}

/** The tables in which a text stands, in whichever column. */
async function tablesWith(text: string): Promise<string[]> {
  const tables = await otklik.database.query<{ name: string }>(
    `select table_name as name from information_schema.tables
      where table_schema = 'public' and table_type = 'BASE TABLE' order by 1`,
  );
  expect(tables.length).toBeGreaterThan(15);
  const found: string[] = [];
  for (const { name } of tables) {
    const rows = await otklik.database.query(
      `select from ${name} row where row::text ilike '%' || $1 || '%' limit 1`,
      [text],
    );
    if (rows.length > 0) found.push(name);
  }
  return found;
}

describe('the export of a client (C12)', () => {
  it('is everything about it, in one document', async () => {
    const clientId = `shop:${randomUUID()}`;
    const { deliveryId } = await live(clientId);
    const { status, headers, body } = await exported(clientId);
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
    expect(body.client).toMatchObject({ clientId, name: NAME });
    const [first, second] = body.conversations;
    expect(body.conversations).toHaveLength(2);
    expect(first?.messages).toMatchObject([
      { direction: 'inbound', correctedPriority: null, correctedCategory: 'lost_card' },
      { direction: 'outbound', content: REPLY },
    ]);
    expect(first?.reminders.map(({ note }) => note)).toContain(NOTE);
    expect(first?.escalations.map(({ note }) => note)).toContain(NOTE);
    expect(first?.events.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['conversation.opened', 'message.replied', 'conversation.closed']),
    );
    expect(first?.events.flatMap(({ deliveryIds }) => deliveryIds)).toEqual([deliveryId]);
    expect(second?.messages.map(({ content }) => content)).toEqual(
      Array.from({ length: 12 }, (_, n) => `${n} ${CONTENT}`),
    );
    for (const word of WORDS) expect(JSON.stringify(body)).toContain(word);
    await erase(clientId);
    await run();
  });

  it('is complete where it is long', async () => {
    const clientId = newClient();
    const { conversationId } = await otklik.accept({ clientId, content: 'Hello' });
    await otklik.database.query(
      `insert into messages
              (id, client_id, conversation_id, direction, author, content, channel, sent_at, created_at)
       select gen_random_uuid(), $1, $2, 'inbound', 'client', n::text, 'api', at, at
         from generate_series(1, 999) n, lateral (select timestamptz '2026-11-20' + n / 3 * interval '1 second' as at) sent`,
      [clientId, conversationId],
    );
    const messages = (await exported(clientId)).body.conversations[0]?.messages ?? [];
    expect(new Set(messages.map(({ content }) => content)).size).toBe(1000);
    expect(messages).toHaveLength(1000);
  });

  it('needs a client', async () => {
    expect((await exported('nobody')).status).toBe(404);
  });
});

describe('erasing a client (C12)', () => {
  it('leaves nothing of it in any table, and all of others', async () => {
    const clientId = `shop:${randomUUID()}`;
    const other = newClient();
    await otklik.accept({ clientId: other, content: 'Hello' }, { 'idempotency-key': 'of-another' });
    await live(clientId);
    await otklik.part(EventCounting).run();
    const others = (await exported(other)).body.conversations;
    expect(await tablesWith(clientId)).toEqual(['clients', 'conversations', 'events', 'messages']);
    expect(await tablesWith(CONTENT)).toEqual(['attempts', 'conversations', 'events', 'messages']);

    const { status, body } = await erase(clientId);
    expect(status).toBe(202);
    expect(body).toMatchObject({ clientHash: hash('sha256', clientId), finishedAt: null });
    // Gone at once, although the rest takes a while.
    expect((await exported(clientId)).status).toBe(404);
    expect((await erase(clientId)).status).toBe(404);
    // Nor can it be read, or written to, under the name that it has until then.
    const [left] = await otklik.database.query<{ standIn: string }>(
      `select stand_in as "standIn" from client_erasures where id = $1`,
      [body.id],
    );
    const standIn = left?.standIn ?? '';
    expect((await exported(encodeURIComponent(standIn))).status).toBe(400);
    expect((await otklik.receive({ clientId: standIn, content: 'Hello' })).status).toBe(400);
    await run();

    expect((await otklik.api.get<ErasureView>(`/api/erasures/${body.id}`)).body.finishedAt).not.toBeNull();
    for (const trace of [clientId, ...WORDS]) expect([trace, await tablesWith(trace)]).toEqual([trace, []]);
    expect(await tablesWith(standIn)).toEqual([]);
    const counts = await otklik.database.query(
      `select (select count(*) from deliveries)::int as deliveries, (select count(*) from attempts)::int as attempts`,
    );
    expect(counts).toEqual([{ deliveries: 0, attempts: 0 }]);
    expect((await exported(other)).body.conversations).toEqual(others);
    expect(await otklik.database.query('select key from idempotency_records')).toEqual([
      { key: 'of-another' },
    ]);
  });

  it.each(['event_fan_out', 'statistics_follower'])(
    'waits for who is at the events of the client, as %s says',
    async (table) => {
      const clientId = newClient();
      for (let n = 0; n < 8; n++) await otklik.accept({ clientId, content: `${n}` });
      await erase(clientId);
      const { events } = await otklik.database.countRows();
      const { erased } = await otklik.database.during(`select from ${table} for update`, async () => {
        const erased = run();
        await otklik.database.untilBlocked(1);
        expect((await otklik.database.countRows()).events).toBe(events);
        return { erased };
      });
      expect(await erased).toEqual({ handled: 1 });
    },
  );

  it('looks at every key for each client, also where another worker goes on with the one before', async () => {
    const [first, second] = [newClient(), newClient()];
    const messages = [second, first].flatMap((clientId) =>
      Array.from({ length: 8 }, (_, n) => ({ clientId, content: `${n}` })),
    );
    // Those of the second are looked at first.
    for (const [place, message] of messages.entries())
      await otklik.accept(message, { 'idempotency-key': `place-${String(place).padStart(2, '0')}` });
    const { body } = await erase(first);
    await erase(second);
    await run(AbortSignal.abort());
    await otklik.database.during(`select from client_erasures where id = '${body.id}' for update`, async () =>
      expect(await run()).toEqual({ handled: 1 }),
    );
    const keys = await otklik.database.query(
      `select from idempotency_records record
        where message_id is not null and not exists (select from messages where id = record.message_id)`,
    );
    expect(keys).toEqual([]);
    await run();
  });

  it('is told by an event, and known by a hash alone', async () => {
    const clientId = newClient();
    await otklik.accept({ clientId, content: 'Hello' });
    const { body } = await erase(clientId);
    await run();
    const events = await otklik.api.get<PageOf<EventView>>('/api/events?type=client.erased&limit=1');
    expect(events.body.data[0]?.data).toEqual({
      clientHash: hash('sha256', clientId),
      erasedAt: otklik.clock.iso(),
    });
    expect(body.clientHash).toBe(hash('sha256', clientId));
  });

  it('makes who writes again a new client, at once, with the same words and the same key', async () => {
    const clientId = newClient();
    const message = { clientId, content: 'Hello', client: { name: NAME } };
    const before = await otklik.accept(message);
    await erase(clientId);
    const again = await otklik.accept({ clientId, content: 'Good day' });
    const same = await otklik.receive({ clientId, content: 'Hello' });
    expect(again.isFirstMessage).toBe(true);
    expect(again.conversationId).not.toBe(before.conversationId);
    expect(same.status).toBe(201);
    await run();
    const { body } = await exported(clientId);
    expect(body.client.name).toBeNull();
    expect(body.conversations.map(({ messages }) => messages.length)).toEqual([2]);

    const keyed = { clientId: newClient(), content: 'Hello' };
    const key = { 'idempotency-key': 'erased-key' };
    const first = await otklik.accept(keyed, key);
    await erase(keyed.clientId);
    await run();
    expect((await otklik.accept(keyed, key)).id).not.toBe(first.id);
  });

  it('goes on where it was cut off', async () => {
    const clientId = `shop:${randomUUID()}`;
    await live(clientId);
    const { body } = await erase(clientId);
    const find = async () => (await otklik.api.get<ErasureView>(`/api/erasures/${body.id}`)).body;
    const messages = async () => (await otklik.database.countRows()).messages ?? 0;
    let steps = 0;
    for (; (await find()).finishedAt === null; steps++) {
      const before = await messages();
      await run(AbortSignal.abort());
      expect(before - (await messages())).toBeLessThanOrEqual(7);
    }
    expect(steps).toBeGreaterThan(8);
    for (const trace of [clientId, CONTENT, REPLY, NOTE]) expect(await tablesWith(trace)).toEqual([]);
  });

  it('stops what is planned and on its way', async () => {
    const clientId = `shop:${randomUUID()}`;
    const { conversationId } = await otklik.accept({ clientId, content: 'My card was stolen!' });
    await erase(clientId);
    const pending = await otklik.database.query(
      `select from reminders where conversation_id = $1 and coalesce(sent_at, cancelled_at, failed_at) is null
        union all select from escalations where conversation_id = $1 and resolved_at is null`,
      [conversationId],
    );
    expect(pending).toEqual([]);
    const reply = { content: 'x', author: 'operator', operatorId: 'maria' };
    const { body } = await otklik.api.refused('POST', `/api/conversations/${conversationId}/replies`, {
      body: JSON.stringify(reply),
      headers: { 'content-type': 'application/json' },
    });
    expect(body.code).toBe('conversation_closed');
    await run();
  });

  it('waits for a message that is being stored, and erases it, too', async () => {
    const clientId = `shop:${randomUUID()}`;
    await otklik.accept({ clientId, content: 'Hello' });
    const { erased } = await otklik.database.commitAfter(
      `select from clients where id = '${clientId}' for no key update`,
      async () => {
        const erased = erase(clientId);
        await otklik.database.untilBlocked(1);
        return { erased };
      },
    );
    expect((await erased).status).toBe(202);
    await run();
    expect(await tablesWith(clientId)).toEqual([]);
  });

  it('takes an open conversation out of the statistics', async () => {
    const standing = async () => {
      for (let look = 0; look < 4; look++) await otklik.part(EventCounting).run();
      const { conversations, escalations } = (await otklik.api.get<StatisticsView>('/api/system/stats')).body;
      return [conversations.openNow, conversations.waitingNow, escalations.openNow];
    };
    const before = await standing();
    const clientId = newClient();
    await otklik.accept({ clientId, content: 'My card was stolen!' });
    expect(await standing()).toEqual(before.map((open) => open + 1));
    await erase(clientId);
    await run();
    expect(await standing()).toEqual(before);
  });

  it('is done by workers, soon, whoever was asked', async () => {
    const worker = new TestOtklik({ beside: otklik, env: { ROLES: 'worker,api' } });
    await worker.start();
    const clientId = newClient();
    await otklik.accept({ clientId, content: 'Hello' });
    const { body } = await erase(clientId);
    await eventually(
      async () => (await otklik.api.get<ErasureView>(`/api/erasures/${body.id}`)).body.finishedAt !== null,
    );
    await worker.stop();
    otklik.clock.advance(SECOND);
  });
});
