import { randomUUID } from 'node:crypto';
import { DataSource, type EntityManager } from 'typeorm';
import { Erasures } from '../src/clients/erasures.js';
import { Transactor } from '../src/database/transactor.js';
import type { EventView } from '../src/events/event.schemas.js';
import { IdempotencyRecords } from '../src/idempotency/idempotency-records.js';
import type { MessageView } from '../src/messages/message.schemas.js';
import type { ReminderView } from '../src/reminders/reminder.schemas.js';
import { Retention } from '../src/retention/retention.js';
import type { Answer, ApiClient } from './support/api-client.js';
import { DAY, HOUR, MINUTE, SECOND } from './support/settable-clock.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

type Made = Answer<{ readonly id: string; readonly conversationId: string; readonly code?: string }>;

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

const withKey = (key: string) => ({ 'idempotency-key': key });
const opened = () => otklik.accept({ clientId: newClient(), content: 'My card was stolen!' });
const events = (id: string, type: string) =>
  otklik.api.all<EventView>(`/api/events?conversationId=${id}&type=${type}`);
const close = (id: string) => otklik.api.post(`/api/conversations/${id}/close`, { reason: 'solved' });

/** Sends the same request at once, in turn to one replica and the other. */
const together = (count: number, send: (caller: ApiClient, index: number) => Promise<Made>) =>
  Promise.all(Array.from({ length: count }, (_, index) => send(index % 2 ? replica.api : otklik.api, index)));

const REPLY = { content: 'We are on it.', author: 'operator', operatorId: 'maria' };
const reminder = () => ({ scheduledAt: otklik.clock.iso(HOUR), note: 'Call back' });

const KINDS = [
  { what: 'replies', table: 'messages', body: () => REPLY, other: () => ({ ...REPLY, content: 'Wait.' }) },
  {
    what: 'reminders',
    table: 'reminders',
    body: reminder,
    other: () => ({ scheduledAt: otklik.clock.iso(30 * MINUTE) }),
  },
] as const;

describe.each(KINDS)('a repeated request to $what (D3, D4)', ({ what, table, body, other }) => {
  const send = (
    conversationId: string,
    key: string,
    { content = body() as object, caller = otklik.api } = {},
  ) => caller.post<Made['body']>(`/api/conversations/${conversationId}/${what}`, content, withKey(key));

  it('gets the first answer again, marked as such, and leaves nothing new behind', async () => {
    const { conversationId } = await opened();
    const content = body();
    const first = await send(conversationId, `${what}-again`, { content });
    expect([first.status, first.headers['idempotent-replayed']]).toEqual([201, undefined]);
    const before = await otklik.database.countRows();
    otklik.clock.advance(MINUTE);
    for (const headers of [
      { 'idempotency-key': `${what}-again` },
      { 'x-idempotency-key': `"${what}-again"` },
      { 'idempotency-key': `"${what}-again"`, 'x-idempotency-key': `${what}-again` },
    ]) {
      const path = `/api/conversations/${conversationId}/${what}`;
      const { status, body, headers: told } = await otklik.api.post(path, content, headers);
      expect([status, told['idempotent-replayed'], body]).toEqual([200, 'true', first.body]);
    }
    expect(await otklik.database.countRows()).toEqual(before);
  });

  it('gets it also where the path is spelled in capitals', async () => {
    const { conversationId } = await opened();
    const first = await send(conversationId.toUpperCase(), `${what}-capitals`);
    const second = await send(conversationId, `${what}-capitals`);
    expect([first.status, second.status]).toEqual([201, 200]);
    expect(second.body).toEqual(first.body);
    expect(first.body.conversationId).toBe(conversationId);
  });

  it('gets it after the conversation was closed, and after a restart', async () => {
    const { conversationId } = await opened();
    const content = body();
    const first = await send(conversationId, `${what}-closed`, { content });
    expect((await close(conversationId)).status).toBe(200);
    expect(await send(conversationId, `${what}-closed`, { content })).toMatchObject({
      status: 200,
      body: first.body,
    });
    await otklik.stopServing();
    await otklik.start();
    expect(await send(conversationId, `${what}-closed`, { content })).toMatchObject({
      status: 200,
      body: first.body,
    });
    expect((await send(conversationId, `${what}-of-none`, { content })).status).toBe(409);
  });

  it('is refused with another body, another conversation, or as a message', async () => {
    const { conversationId, clientId } = await opened();
    const elsewhere = await opened();
    const content = body();
    await send(conversationId, `${what}-reused`, { content });
    await otklik.accept({ clientId, content: 'Hello' }, withKey(`${what}-of-a-message`));
    const before = await otklik.database.countRows();
    const paths = ['replies', 'reminders'].filter((path) => path !== what);
    for (const refused of [
      await send(conversationId, `${what}-reused`, { content: other() }),
      await send(elsewhere.conversationId, `${what}-reused`, { content }),
      await otklik.receive({ clientId, content: 'Hello' }, withKey(`${what}-reused`)),
      await otklik.api.post(
        `/api/conversations/${conversationId}/${paths[0]}`,
        what === 'replies' ? reminder() : REPLY,
        withKey(`${what}-reused`),
      ),
      await send(conversationId, `${what}-of-a-message`, { content }),
    ]) {
      expect(refused).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
    }
    expect(await otklik.database.countRows()).toEqual(before);
  });

  it('leaves the key free where it was refused', async () => {
    const { conversationId } = await opened();
    const closed = await opened();
    await close(closed.conversationId);
    const before = await otklik.database.countRows();
    const key = `${what}-free`;
    const statuses = [
      (await send('019aa5c6-7b40-7c3e-9d51-2f6a8b1c4e70', key)).status,
      (await send(closed.conversationId, key)).status,
      (await send(conversationId, key, { content: {} })).status,
    ];
    expect(statuses).toEqual([404, 409, 400]);
    expect(await otklik.database.countRows()).toEqual(before);
    expect((await send(conversationId, key)).status).toBe(201);
  });

  it('has a key of 1 to 255 printable characters, the same in both headers', async () => {
    const { conversationId } = await opened();
    const path = `/api/conversations/${conversationId}/${what}`;
    for (const headers of [
      withKey(''),
      withKey('x'.repeat(256)),
      { 'idempotency-key': 'a', 'x-idempotency-key': 'b' },
    ]) {
      const refused = await otklik.api.post(path, body(), headers);
      expect(refused).toMatchObject({ status: 400, body: { errors: [{ path: 'Idempotency-Key' }] } });
    }
    expect((await send(conversationId, 'x'.repeat(255))).status).not.toBe(400);
  });

  it('does not meet the keys of other callers', async () => {
    const { conversationId } = await opened();
    const caller = await otklik.caller('conversations:write');
    const mine = await send(conversationId, `${what}-shared`);
    const theirs = await send(conversationId, `${what}-shared`, { caller });
    expect([mine.status, theirs.status]).toEqual([201, 201]);
    expect(theirs.body.id).not.toBe(mine.body.id);
  });

  it('is another one without a key', async () => {
    const { conversationId } = await opened();
    const path = `/api/conversations/${conversationId}/${what}`;
    const before = await otklik.database.countRows();
    for (let i = 0; i < 2; i++) expect((await otklik.api.post(path, body())).status).toBe(201);
    const after = await otklik.database.countRows();
    expect(after[table]).toBe(before[table] + 2);
    expect(after.idempotency_records).toBe(before.idempotency_records);
  });

  it('waits for the first, which is still running, and gets its answer', async () => {
    const { conversationId, clientId } = await opened();
    const { sent } = await otklik.database.during(
      `select from clients where id = '${clientId}' for update`,
      async () => {
        const first = send(conversationId, `${what}-waits`);
        await otklik.database.untilBlocked(1);
        const second = send(conversationId, `${what}-waits`, { caller: replica.api });
        await otklik.database.untilBlocked(2);
        return { sent: [first, second] };
      },
    );
    const [first, second] = await Promise.all(sent);
    expect([first?.status, second?.status]).toEqual([201, 200]);
    expect(second?.body).toEqual(first?.body);
  });

  it('takes its place where the first, which was still running, is refused', async () => {
    const { conversationId, clientId } = await opened();
    const key = `${what}-takes-over`;
    const { sent } = await otklik.database.during(
      `select from clients where id = '${clientId}' for update`,
      async () => {
        const first = send(conversationId, key);
        await otklik.database.untilBlocked(1);
        const second = send(conversationId, key, { caller: replica.api });
        await otklik.database.untilBlocked(2);
        await otklik.database.query(
          `select pg_terminate_backend(pid, 5000) from pg_stat_activity
            where datname = current_database() and application_name = 'otklik' and query like '%from clients client%'
              and wait_event_type = 'Lock'`,
        );
        return { sent: [first, second] };
      },
    );
    const [first, second] = await Promise.all(sent);
    expect(first?.status).toBeGreaterThanOrEqual(500);
    expect(second?.status).toBe(201);
    expect(await send(conversationId, key)).toMatchObject({ status: 200, body: second?.body });
  });

  it('is made once, with all that follows, when 50 come in parallel', async () => {
    const { conversationId } = await opened();
    const content = body();
    const before = await otklik.database.countRows();
    const answers = await together(50, (caller) =>
      send(conversationId, `${what}-fifty`, { content, caller }),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(49);
    for (const { body } of answers) expect(body).toEqual(answers[0]?.body);
    const isReply = what === 'replies';
    expect(await otklik.database.countRows()).toEqual({
      ...before,
      [table]: before[table] + 1,
      events: before.events + (isReply ? 4 : 0),
      idempotency_records: before.idempotency_records + 1,
    });
    expect(await events(conversationId, 'message.replied')).toHaveLength(isReply ? 1 : 0);
    expect(await events(conversationId, 'reminder.cancelled')).toHaveLength(isReply ? 3 : 0);
  });

  it('stores one of two, and refuses the other, when both come with one key in parallel', async () => {
    const { conversationId } = await opened();
    const content = body();
    const answers = await together(40, (caller, index) =>
      send(conversationId, `${what}-two`, { content: index % 3 ? content : other(), caller }),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    const first = answers.findIndex(({ status }) => status === 201) % 3 === 0;
    for (const [index, { status }] of answers.entries()) {
      if (status !== 201) expect(status).toBe((index % 3 === 0) === first ? 200 : 422);
    }
  });

  it('and a message never share a key, even when both come in parallel', async () => {
    const { conversationId, clientId } = await opened();
    const content = body();
    const before = await otklik.database.countRows();
    const answers = await together(40, (caller, index) =>
      index % 3
        ? send(conversationId, `${what}-or-message`, { content, caller })
        : caller.post('/api/messages', { clientId, content: 'Hi' }, withKey(`${what}-or-message`)),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.map(({ status }) => status).filter((status) => status >= 500)).toEqual([]);
    const after = await otklik.database.countRows();
    const made = (rows: typeof after) => rows.messages + (what === 'replies' ? 0 : rows.reminders);
    expect(made(after)).toBe(made(before) + 1);
  });

  it('keeps its key as long as a message does; then it is free, for whatever comes', async () => {
    const { conversationId, clientId } = await opened();
    const content = { ...body(), ...(what === 'reminders' && { scheduledAt: otklik.clock.iso(5 * DAY) }) };
    const key = `${what}-expiring`;
    const first = await send(conversationId, key, { content });
    otklik.clock.advance(2 * DAY - SECOND);
    expect((await send(conversationId, key, { content })).status).toBe(200);
    otklik.clock.advance(SECOND);
    const second = await send(conversationId, key, { content });
    expect(second.status).toBe(201);
    expect(second.body.id).not.toBe(first.body.id);
    otklik.clock.advance(2 * DAY);
    const message = { clientId, content: 'Hello' };
    const received = await otklik.accept(message, withKey(key));
    expect((await otklik.receive(message, withKey(key))).body.duplicate?.of).toBe(received.id);
    otklik.clock.advance(2 * DAY);
    const third = await send(conversationId, key, { content: body() });
    expect(third.status).toBe(201);
    expect(await send(conversationId, key, { content: body() })).toMatchObject({ body: third.body });

    otklik.clock.advance(2 * DAY);
    await otklik.part(Retention).run();
    expect((await otklik.database.countRows()).idempotency_records).toBe(0);
  });

  it('loses its key when its client is erased', async () => {
    const { conversationId, clientId } = await opened();
    const kept = await opened();
    await send(conversationId, `${what}-erased`);
    await send(kept.conversationId, `${what}-kept`);
    expect((await otklik.api.delete(`/api/clients/${clientId}`)).status).toBe(202);
    await otklik.part(Erasures).run();
    const keys = await otklik.database.query<{ key: string }>(
      'select key from idempotency_records where key in ($1, $2)',
      [`${what}-erased`, `${what}-kept`],
    );
    expect(keys).toEqual([{ key: `${what}-kept` }]);
    expect((await send(conversationId, `${what}-erased`)).status).toBe(404);
  });
});

describe('a repeated request of which nothing is the same any more', () => {
  it('gets a reply that was the first, behind others', async () => {
    const { conversationId, clientId } = await opened();
    const path = `/api/conversations/${conversationId}/replies`;
    const first = await otklik.api.post<MessageView>(path, REPLY, withKey('behind-others'));
    await otklik.accept({ clientId, content: 'Thank you, and my phone?' });
    await otklik.api.post(path, { ...REPLY, content: 'That too.' });
    const waiting = await otklik.accept({ clientId, content: 'When?' });
    const again = await otklik.api.post<MessageView>(path, REPLY, withKey('behind-others'));
    expect(again.body).toEqual(first.body);
    // The client was not answered by it a second time.
    const { body } = await otklik.api.get<{ waitingSince: string }>(`/api/conversations/${conversationId}`);
    expect(body.waitingSince).toBe(waiting.createdAt);
  });

  it('gets a reminder as it was made, though it was cancelled since and its time is past', async () => {
    const { conversationId } = await opened();
    const path = `/api/conversations/${conversationId}/reminders`;
    const content = reminder();
    const first = await otklik.api.post<ReminderView>(path, content, withKey('cancelled-since'));
    await otklik.api.post(`/api/reminders/${first.body.id}/cancel`, {});
    await otklik.api.post(`/api/conversations/${conversationId}/priority`, { priority: 'low' });
    otklik.clock.advance(DAY);
    const again = await otklik.api.post<ReminderView>(path, content, withKey('cancelled-since'));
    expect([again.status, again.body]).toEqual([200, first.body]);
    const late = await otklik.api.post(path, content, withKey('late'));
    expect(late).toMatchObject({ status: 400, body: { code: 'validation_failed' } });
  });

  it('is told that the conversation is gone, where it is', async () => {
    const { conversationId, clientId } = await opened();
    for (const { what, body } of KINDS) {
      const path = `/api/conversations/${conversationId}/${what}`;
      expect((await otklik.api.post(path, body(), withKey(`gone-${what}`))).status).toBe(201);
    }
    await otklik.database.query('delete from clients where id = $1', [clientId]);
    for (const { what, body } of KINDS) {
      const path = `/api/conversations/${conversationId}/${what}`;
      const answer = await otklik.api.post(path, body(), withKey(`gone-${what}`));
      expect(answer).toMatchObject({ status: 404, body: { code: 'conversation_not_found' } });
    }
  });
});

it('keeps its key from being erased while the first answer is read', async () => {
  const records = otklik.part(IdempotencyRecords);
  const key = { ownerId: randomUUID(), key: 'held' };
  const claim = (tx: EntityManager) => records.claim(tx, key, ['route'], { messageId: randomUUID() });
  const transactor = otklik.part(Transactor);
  expect(await transactor.run(claim)).toBeUndefined();
  const { known, erasing } = await transactor.run(async (tx) => {
    const known = await claim(tx);
    const erasing = otklik.part(DataSource).query(`delete from idempotency_records where key = 'held'`);
    await otklik.database.untilBlocked(1);
    return { known, erasing };
  });
  expect(known).toEqual(expect.any(String));
  await erasing;
});
