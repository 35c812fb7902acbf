import type { ReceivedMessageView } from '../src/messages/message.schemas.js';
import type { Answer, ApiClient } from './support/api-client.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

describe('requests at the same time, to two replicas', () => {
  const otklik = new TestOtklik();
  const replica = new TestOtklik({ beside: otklik });
  beforeAll(async () => {
    await otklik.start();
    await replica.start();
  });
  afterAll(async () => {
    await replica.stop();
    await otklik.stop();
  });

  type Received = Answer<ReceivedMessageView>;

  /** Sends them all at once, in turn to one replica and the other. */
  function together(
    count: number,
    send: (caller: ApiClient, index: number) => Promise<Received>,
  ): Promise<Received[]> {
    const callers = [otklik.api, replica.api];
    return Promise.all(
      Array.from({ length: count }, (_, index) => send(callers[index % 2] ?? otklik.api, index)),
    );
  }

  const statuses = (answers: readonly Received[]): Record<number, number> => {
    const counts: Record<number, number> = {};
    for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
    return counts;
  };

  it('200 with one key make one message and 200 equal answers, one of them 201 (D3)', async () => {
    const message = { clientId: newClient(), content: 'My card was stolen!' };
    const before = await otklik.database.countRows();
    const answers = await together(200, (caller) =>
      caller.post('/api/messages', message, { 'idempotency-key': 'two-hundred' }),
    );
    expect(statuses(answers)).toEqual({ 201: 1, 200: 199 });
    const bodies = answers.map(({ body }) => ({ ...body, duplicate: null }));
    for (const body of bodies) expect(body).toEqual(bodies[0]);
    for (const { status, headers, body } of answers) {
      expect(headers['idempotent-replayed']).toBe(status === 200 ? 'true' : undefined);
      expect(body.duplicate === null).toBe(status === 201);
    }
    const after = await otklik.database.countRows();
    expect(after).toEqual({
      clients: before.clients + 1,
      conversations: before.conversations + 1,
      messages: before.messages + 1,
      reminders: before.reminders + 3,
      escalations: before.escalations + 1,
      events: before.events + 4,
      idempotency_records: before.idempotency_records + 1,
    });
  });

  it('100 with one key and two bodies store one of them and refuse the other', async () => {
    const clientId = newClient();
    const answers = await together(100, (caller, index) =>
      caller.post(
        '/api/messages',
        { clientId, content: index % 3 === 0 ? 'Heads' : 'Tails' },
        { 'idempotency-key': 'heads-or-tails' },
      ),
    );
    const accepted = answers.find(({ status }) => status === 201)?.body.content;
    const expected = answers.map((_, index) => ((index % 3 === 0 ? 'Heads' : 'Tails') === accepted ? 2 : 4));
    expect(answers.map(({ status }) => Math.floor(status / 100))).toEqual(expected);
    expect(statuses(answers)[201]).toBe(1);
    expect(await otklik.api.all(`/api/messages?clientId=${clientId}`)).toHaveLength(1);
  });

  it('200 with the same words and no key make one message', async () => {
    const message = { clientId: newClient(), content: 'Hello?' };
    const answers = await together(200, (caller) => caller.post('/api/messages', message));
    expect(statuses(answers)).toEqual({ 201: 1, 200: 199 });
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect(await otklik.api.all(`/api/messages?clientId=${message.clientId}`)).toHaveLength(1);
  });

  it('50 first messages of one client have one first and one conversation (D5)', async () => {
    for (let round = 0; round < 5; round++) {
      const clientId = newClient();
      const answers = await together(50, (caller, index) =>
        caller.post('/api/messages', { clientId, content: `Message ${index}` }),
      );
      expect(statuses(answers)).toEqual({ 201: 50 });
      const bodies = answers.map(({ body }) => body);
      expect(bodies.filter(({ isFirstMessage }) => isFirstMessage)).toHaveLength(1);
      expect(new Set(bodies.map(({ conversationId }) => conversationId)).size).toBe(1);
      expect(new Set(bodies.map(({ createdAt }) => createdAt)).size).toBe(50);
      const earliest = bodies.reduce((a, b) => (a.createdAt < b.createdAt ? a : b));
      expect(earliest.isFirstMessage).toBe(true);
      const [open] = await otklik.database.query<{ pending: number; conversations: number; opened: number }>(
        `select (select count(*)::int from conversations where client_id = $1) as conversations,
                (select count(*)::int from events where conversation_id = $2 and type = 'conversation.opened') as opened,
                (select count(*)::int from reminders where conversation_id = $2 and cancelled_at is null) as pending`,
        [clientId, earliest.conversationId],
      );
      expect(open).toEqual({ conversations: 1, opened: 1, pending: 3 });
    }
  });

  it('of many clients, twice each with its key, are one message each', async () => {
    const messages = Array.from({ length: 150 }, (_, index) => ({
      clientId: newClient(),
      content: `Message ${index}`,
    }));
    const answers = await together(300, (caller, index) =>
      caller.post('/api/messages', messages[index % 150], { 'idempotency-key': `crowd-${index % 150}` }),
    );
    expect(statuses(answers)).toEqual({ 201: 150, 200: 150 });
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(150);
  });

  it('in opposite orders of clients and keys never block each other for good', async () => {
    const clients = Array.from({ length: 20 }, () => newClient());
    const answers = await together(400, (caller, index) => {
      const place = index % 4 < 2 ? index % 20 : 19 - (index % 20);
      return caller.post(
        '/api/messages',
        { clientId: clients[place], content: `Message ${index}` },
        { 'idempotency-key': `order-${index % 2 === 0 ? index : 400 - index}-${place}` },
      );
    });
    const counts = statuses(answers);
    expect((counts[201] ?? 0) + (counts[200] ?? 0) + (counts[422] ?? 0)).toBe(400);
    const stored = await otklik.database.query<{ count: number }>(
      'select count(*)::int as count from messages where client_id = any ($1)',
      [clients],
    );
    expect(stored[0]?.count).toBe(counts[201]);
  });

  it('with one key wait for the first to end, and get its answer', async () => {
    const clientId = newClient();
    await otklik.accept({ clientId, content: 'Before' });
    const message = { clientId, content: 'Slow' };
    const send = (at: TestOtklik) => at.receive(message, { 'idempotency-key': 'slow' });
    const [first, second] = await otklik.database.during(
      `select from clients where id = '${clientId}' for update`,
      async () => {
        const first = send(otklik);
        await otklik.database.untilBlocked(1);
        const second = send(replica);
        await otklik.database.untilBlocked(2);
        return [first, second];
      },
    );
    const [a, b] = await Promise.all([first, second]);
    expect([a?.status, b?.status]).toEqual([201, 200]);
    expect(b?.body).toEqual({ ...a?.body, duplicate: expect.objectContaining({ of: a?.body.id }) });
  });

  it('with one key take over when the first fails', async () => {
    const clientId = newClient();
    await otklik.accept({ clientId, content: 'Before' });
    await otklik.database.execute(`
      create function fail_first() returns trigger language plpgsql as $$
      begin
        if new.metadata ->> 'fail' = 'true' then raise 'provoked'; end if;
        return new;
      end $$;
      create trigger fail_first before insert on messages for each row execute function fail_first();
    `);
    const [failing, next] = await otklik.database.during(
      `select from clients where id = '${clientId}' for update`,
      async () => {
        const failing = otklik.receive(
          { clientId, content: 'x', metadata: { fail: true } },
          { 'idempotency-key': 'takes-over' },
        );
        await otklik.database.untilBlocked(1);
        const next = replica.receive({ clientId, content: 'y' }, { 'idempotency-key': 'takes-over' });
        await otklik.database.untilBlocked(2);
        return [failing, next];
      },
    );
    const answers = [await failing, await next];
    await otklik.database.execute('drop trigger fail_first on messages; drop function fail_first');
    expect(answers.map((answer) => answer?.status)).toEqual([500, 201]);
  });
});
