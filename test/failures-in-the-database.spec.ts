import type { EventView } from '../src/events/event.schemas.js';
import { TABLES } from './support/test-database.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

describe('when the database fails in the middle', () => {
  const otklik = new TestOtklik();
  beforeAll(async () => {
    await otklik.start();
    // A sequence is not rolled back, so it can count the tries.
    await otklik.database.execute('create sequence tries');
  });
  afterAll(() => otklik.stop());
  afterEach(async () => {
    for (const table of TABLES) await otklik.database.execute(`drop trigger if exists fail on ${table}`);
    await otklik.database.execute('drop function if exists fail; alter sequence tries restart');
  });

  /** Fails the first statements that write to a table. */
  async function failAt(table: string, { code, times }: { code: string; times: number }): Promise<void> {
    await otklik.database.execute(`
      create function fail() returns trigger language plpgsql as $$
      begin
        if nextval('tries') <= ${times} then
          raise 'provoked' using errcode = '${code}';
        end if;
        return null;
      end $$;
      create trigger fail after insert or update on ${table} for each statement execute function fail();
    `);
  }

  async function tries(): Promise<number> {
    const [row] = await otklik.database.query<{ count: number }>(
      'select last_value::int as count from tries',
    );
    return row?.count ?? 0;
  }

  const ALWAYS = 1_000;

  it.each(TABLES)('nothing of a message is stored, be it at the last moment: %s (D1)', async (table) => {
    const message = { clientId: newClient(), content: 'My card was stolen!' };
    const key = { 'idempotency-key': `rolled-back-${table}` };
    const before = await otklik.database.countRows();
    await failAt(table, { code: 'P0001', times: ALWAYS });
    const { status, body } = await otklik.receive(message, key);
    expect(status).toBe(500);
    expect(body).toMatchObject({ code: 'internal_error', title: 'Internal Server Error' });
    expect(JSON.stringify(body)).not.toContain('provoked');
    expect(await otklik.database.countRows()).toEqual(before);
    await otklik.database.execute(`drop trigger fail on ${table}`);
    expect((await otklik.receive(message, key)).status).toBe(201);
  });

  it.each(['conversations', 'messages', 'reminders', 'events', 'idempotency_records'])(
    'nothing of a reply is stored: %s (D1)',
    async (table) => {
      const { conversationId } = await otklik.accept({ clientId: newClient(), content: 'Help!' });
      const path = `/api/conversations/${conversationId}`;
      const state = async () => [
        (await otklik.api.get(path)).body,
        await otklik.database.countRows(),
        await otklik.api.all(`/api/reminders?conversationId=${conversationId}`),
      ];
      const before = await state();
      await failAt(table, { code: 'P0001', times: ALWAYS });
      const key = { 'idempotency-key': `reply-rolled-back-${table}` };
      const reply = () => otklik.api.post(`${path}/replies`, { content: 'Yes', author: 'operator' }, key);
      expect((await reply()).status).toBe(500);
      expect(await state()).toEqual(before);
      await otklik.database.execute(`drop trigger fail on ${table}`);
      expect((await reply()).status).toBe(201);
      expect((await reply()).status).toBe(200);
    },
  );

  it.each([
    ['a deadlock', '40P01'],
    ['a serialisation failure', '40001'],
  ])('%s is tried again, up to three times, and leaves nothing half done (E3)', async (_what, code) => {
    for (let times = 1; times <= 3; times++) {
      await failAt('events', { code, times });
      const before = await otklik.database.countRows();
      const message = await otklik.accept(
        { clientId: newClient(), content: 'My card was stolen!' },
        { 'idempotency-key': `tried-${code}-${times}` },
      );
      const after = await otklik.database.countRows();
      expect(message.isFirstMessage).toBe(true);
      expect(after.messages).toBe(before.messages + 1);
      expect(after.reminders).toBe(before.reminders + 3);
      expect(after.escalations).toBe(before.escalations + 1);
      expect(after.events).toBe(before.events + 4);
      await otklik.database.execute(
        'drop trigger fail on events; drop function fail; alter sequence tries restart',
      );
    }
  });

  it('a deadlock that does not end is given up after the fourth try, with 503 and nothing stored', async () => {
    await failAt('clients', { code: '40P01', times: ALWAYS });
    const before = await otklik.database.countRows();
    const { status, body, headers } = await otklik.receive({ clientId: newClient(), content: 'Help!' });
    expect(status).toBe(503);
    expect(body).toMatchObject({ code: 'database_unavailable' });
    expect(headers['retry-after']).toBe('1');
    expect(await tries()).toBe(4);
    expect(await otklik.database.countRows()).toEqual(before);
  });

  it.each([
    ['takes no writing', '25006'],
    ['is full', '53100'],
  ])('a database that %s is no fault of ours: it is told to try again', async (_what, code) => {
    await failAt('clients', { code, times: ALWAYS });
    const before = await otklik.database.countRows();
    const { status, body, headers } = await otklik.receive({ clientId: newClient(), content: 'Help!' });
    expect([status, body]).toEqual([503, expect.objectContaining({ code: 'database_unavailable' })]);
    expect(headers['retry-after']).toBe('1');
    expect(await otklik.database.countRows()).toEqual(before);
  });

  it('any other error is not tried again', async () => {
    await failAt('clients', { code: 'P0001', times: ALWAYS });
    expect((await otklik.receive({ clientId: newClient(), content: 'Help!' })).status).toBe(500);
    expect(await tries()).toBe(1);
  });

  it.each([
    ['replies', { content: 'Yes', author: 'operator' }, 201],
    ['close', { reason: 'solved' }, 200],
    ['priority', { priority: 'low' }, 200],
  ])('a deadlock is tried again for changes of a conversation too: %s', async (change, body, status) => {
    const { conversationId } = await otklik.accept({
      clientId: newClient(),
      content: 'I was charged twice for the same order',
    });
    const before = await otklik.database.countRows();
    await failAt('events', { code: '40P01', times: 3 });
    const answer = await otklik.api.post(`/api/conversations/${conversationId}/${change}`, body);
    expect(answer.status).toBe(status);
    expect(await tries()).toBe(4);
    const events = await otklik.api.all<EventView>(`/api/events?conversationId=${conversationId}`);
    expect(events.filter(({ type }) => type === 'reminder.cancelled')).toHaveLength(3);
    expect((await otklik.database.countRows()).events).toBe(before.events + 4);
  });
});
