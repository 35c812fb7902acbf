import { IngestQueue } from '../src/messages/ingest-queue.js';
import type { ReceivedMessageView } from '../src/messages/message.schemas.js';
import type { Answer } from './support/api-client.js';
import { eventually } from './support/eventually.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

describe('messages that arrive together', () => {
  const otklik = new TestOtklik({
    env: { INGEST_BATCHES_IN_FLIGHT: '1', INGEST_BATCH_SIZE: '40', INGEST_QUEUE_MAX: '50' },
  });
  beforeAll(() => otklik.start());
  afterAll(() => otklik.stop());

  type Message = Readonly<Record<string, unknown>> & { readonly clientId: string };

  /** Has messages wait behind one that cannot go on, until all of them can leave as one batch. */
  async function inOneBatch(
    messages: readonly Message[],
    headers: (index: number) => Record<string, string> = () => ({}),
  ): Promise<Answer<ReceivedMessageView>[]> {
    const { answers } = await behindLockedClient(async () => {
      const answers = messages.map((message, index) => otklik.receive(message, headers(index)));
      await untilQueued(messages.length);
      return { answers };
    });
    return Promise.all(answers);
  }

  async function behindLockedClient<T>(work: () => Promise<T>): Promise<T> {
    const clientId = newClient();
    await otklik.accept({ clientId, content: 'Before' });
    const { blocked, result } = await otklik.database.during(
      `select from clients where id = '${clientId}' for update`,
      async () => {
        const blocked = otklik.receive({ clientId, content: 'Blocked' });
        await otklik.database.untilBlocked(1);
        return { blocked, result: await work() };
      },
    );
    expect((await blocked).status).toBe(201);
    return result;
  }

  async function untilQueued(count: number): Promise<void> {
    await eventually(() => otklik.part(IngestQueue).length >= count);
  }

  /** In how many transactions they were stored. */
  async function transactionsOf(messages: readonly Message[]): Promise<number> {
    const rows = await otklik.database.query(
      'select distinct xmin::text from messages where client_id = any ($1)',
      [messages.map(({ clientId }) => clientId)],
    );
    return rows.length;
  }

  const statuses = (answers: readonly Answer<unknown>[]) => answers.map(({ status }) => status);

  it('share one transaction, and each gets its own answer', async () => {
    const messages = Array.from({ length: 30 }, (_, index) => ({
      clientId: newClient(),
      content: index % 2 === 0 ? 'My card was stolen!' : `Hello ${index}`,
      metadata: { index },
    }));
    const answers = await inOneBatch(messages);
    expect(await transactionsOf(messages)).toBe(1);
    for (const [index, { status, body }] of answers.entries()) {
      expect(status).toBe(201);
      expect(body).toMatchObject({ ...messages[index], isFirstMessage: true, duplicate: null });
      expect((await otklik.api.get(`/api/messages/${body.id}`)).body).toEqual(body);
    }
  });

  it('can be new, repeated, and refused in one transaction', async () => {
    const known = Array.from({ length: 3 }, (_, index) => ({
      clientId: newClient(),
      content: `Known ${index}`,
    }));
    const [byKey, byWords, reused] = known;
    if (!byKey || !byWords || !reused) throw new Error('three were made');
    const first = await otklik.accept(byKey, { 'idempotency-key': 'known-0' });
    const second = await otklik.accept(byWords);
    await otklik.accept(reused, { 'idempotency-key': 'known-2' });
    const fresh = Array.from({ length: 5 }, (_, index) => ({
      clientId: newClient(),
      content: `New ${index}`,
    }));
    const answers = await inOneBatch([byKey, byWords, { ...reused, content: 'Other' }, ...fresh], (index) =>
      index === 1 ? {} : { 'idempotency-key': index < 3 ? `known-${index}` : `new-${index}` },
    );
    expect(statuses(answers)).toEqual([200, 200, 422, 201, 201, 201, 201, 201]);
    expect(answers[0]?.body.duplicate).toMatchObject({ of: first.id, reason: 'idempotency_key' });
    expect(answers[1]?.body.duplicate).toMatchObject({ of: second.id, reason: 'same_content' });
    expect(await transactionsOf(fresh)).toBe(1);
  });

  it('do not suffer from a faulty one among them', async () => {
    await otklik.database.execute(
      "alter table messages add constraint ck_poison check (content <> 'poison')",
    );
    const messages = Array.from({ length: 20 }, (_, index) => ({
      clientId: newClient(),
      content: index === 7 ? 'poison' : `Message ${index}`,
    }));
    const answers = await inOneBatch(messages, (index) => ({ 'idempotency-key': `neighbour-${index}` }));
    await otklik.database.execute('alter table messages drop constraint ck_poison');
    expect(statuses(answers)).toEqual(messages.map((_, index) => (index === 7 ? 500 : 201)));
    const rows = await otklik.database.query<{ clients: number }>(
      'select count(*)::int as clients from clients where id = $1',
      [messages[7]?.clientId],
    );
    expect(rows).toEqual([{ clients: 0 }]);
    expect((await otklik.receive(messages[7] ?? {}, { 'idempotency-key': 'neighbour-7' })).status).toBe(201);
  });

  it('of one client go one after the other, in the order in which they came', async () => {
    const clientId = newClient();
    const contents = Array.from({ length: 12 }, (_, index) => `Line ${index}`);
    const answers = await inOneBatch(contents.map((content) => ({ clientId, content })));
    const byTime = answers.map(({ body }) => body).sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
    expect(byTime.map(({ content }) => content)).toEqual(contents);
  });

  it('are refused with 503 when too many wait already, and nothing is kept of those', async () => {
    const before = await otklik.database.countRows();
    const { waiting, refused } = await behindLockedClient(async () => {
      const waiting = Array.from({ length: 50 }, (_, index) =>
        otklik.receive({ clientId: newClient(), content: `Waiting ${index}` }),
      );
      await untilQueued(50);
      return { waiting, refused: await otklik.receive({ clientId: newClient(), content: 'One too many' }) };
    });
    expect(refused.status).toBe(503);
    expect(refused.headers['retry-after']).toBe('1');
    expect(refused.body).toMatchObject({ code: 'overloaded', title: 'Service Unavailable' });
    expect(new Set(statuses(await Promise.all(waiting)))).toEqual(new Set([201]));
    expect((await otklik.database.countRows()).messages).toBe(before.messages + 52);
  });
});
