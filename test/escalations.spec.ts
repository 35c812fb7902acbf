import type { ConversationView } from '../src/conversations/conversation.schemas.js';
import type { EscalationView } from '../src/escalations/escalation.schemas.js';
import type { EventView } from '../src/events/event.schemas.js';
import type { PageOf } from './support/api-client.js';
import { MINUTE } from './support/settable-clock.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

const NOBODY = '019aa5c6-7b40-7c3e-9d51-2f6a8b1c4e70';

/** Words that the triage gives the priority normal: what they are in does not escalate by itself. */
const CALM = 'zxqv wrblk';

describe('the queue of conversations that need a human', () => {
  const otklik = new TestOtklik();
  const replica = new TestOtklik({ beside: otklik });
  beforeAll(async () => {
    await otklik.start();
    await replica.start();
  });
  afterEach(() => otklik.database.execute('delete from escalations'));
  afterAll(async () => {
    await replica.stop();
    await otklik.stop();
  });

  const escalate = (conversationId: string, reason = 'Asks for a manager.') =>
    otklik.api.post<EscalationView>(`/api/conversations/${conversationId}/escalate`, { reason });

  const change = (conversationId: string, what: string, body: object) =>
    otklik.api.post(`/api/conversations/${conversationId}/${what}`, body);

  const entry = async (id: string) => (await otklik.api.get<EscalationView>(`/api/escalations/${id}`)).body;

  const queue = (query = '') => otklik.api.all<EscalationView>(`/api/escalations${query}`);

  const told = async (conversationId: string) =>
    (
      await otklik.api.all<EventView>(
        `/api/events?conversationId=${conversationId}&type=conversation.escalated`,
      )
    )
      .reverse()
      .map(({ data }) => data);

  const written = () => otklik.accept({ clientId: newClient(), content: CALM });

  /** A conversation of that priority, escalated by hand. */
  async function escalated(priority = 'normal'): Promise<EscalationView> {
    const { conversationId } = await written();
    await change(conversationId, 'priority', { priority });
    return (await escalate(conversationId)).body;
  }

  it('takes in a conversation that a person escalates: the team owns it, and everybody is told', async () => {
    const { conversationId, clientId } = await written();
    await otklik.database.query(`update conversations set status = 'pending' where id = $1`, [
      conversationId,
    ]);
    otklik.clock.advance(MINUTE);
    const { status, body } = await escalate(
      conversationId,
      '  Asks for a manager:\r\nit is the third time.  ',
    );
    expect(status).toBe(201);
    expect(body).toEqual({
      id: expect.any(String),
      conversationId,
      clientId,
      status: 'waiting',
      priority: 'normal',
      reason: 'manual',
      level: null,
      note: 'Asks for a manager:\r\nit is the third time.',
      createdAt: otklik.clock.iso(),
      operatorId: null,
      claimedAt: null,
      claimExpiresAt: null,
      resolvedAt: null,
      resolution: null,
    });
    expect(await entry(body.id)).toEqual(body);
    expect(await queue()).toEqual([body]);
    const { body: conversation } = await otklik.api.get<ConversationView>(
      `/api/conversations/${conversationId}`,
    );
    expect(conversation).toMatchObject({ status: 'open', lastActivityAt: body.createdAt });
    expect(await told(conversationId)).toEqual([
      {
        escalationId: body.id,
        conversationId,
        clientId,
        priority: 'normal',
        previousPriority: null,
        reason: 'manual',
        level: null,
        note: body.note,
        escalatedAt: body.createdAt,
      },
    ]);
  });

  it('has one entry of a conversation, the first, however often it is escalated', async () => {
    const first = await escalated();
    otklik.clock.advance(MINUTE);
    const before = await otklik.database.countRows();
    const second = await escalate(first.conversationId, 'Still nobody?');
    expect([second.status, second.body]).toEqual([200, first]);
    await otklik.api.post('/api/escalations/claim', { operatorId: 'maria' });
    const third = await escalate(first.conversationId, 'Now?');
    expect(third.status).toBe(200);
    expect(third.body).toMatchObject({
      id: first.id,
      note: first.note,
      status: 'claimed',
      operatorId: 'maria',
    });
    expect(await otklik.database.countRows()).toEqual({ ...before, events: before.events + 1 });
  });

  it('has one entry of a conversation, even if 50 escalate it at once, and the client writes urgently', async () => {
    const { conversationId, clientId } = await written();
    const answers = await Promise.all([
      ...Array.from({ length: 50 }, (_, index) =>
        (index % 2 ? otklik : replica).api.post<EscalationView>(
          `/api/conversations/${conversationId}/escalate`,
          { reason: `Reason ${index}` },
        ),
      ),
      otklik.accept({ clientId, content: 'My card was stolen!' }).then(() => undefined),
    ]);
    const ids = answers.flatMap((answer) => answer?.body.id ?? []);
    expect(new Set(ids).size).toBe(1);
    expect(answers.filter((answer) => answer?.status === 201).length).toBeLessThanOrEqual(1);
    expect(await queue()).toMatchObject([{ id: ids[0], conversationId, priority: 'urgent' }]);
    const events = await told(conversationId);
    expect(events.filter(({ previousPriority }) => previousPriority === null)).toHaveLength(1);
  });

  it('has the most urgent first, then the oldest, page by page', async () => {
    for (const priority of ['low', 'urgent', 'normal', 'high', 'urgent', 'low', 'high', 'urgent']) {
      await escalated(priority);
      otklik.clock.advance(MINUTE);
    }
    // In the same millisecond the id decides.
    for (const priority of ['high', 'high', 'urgent']) await escalated(priority);
    const all = await queue();
    const rank = { urgent: 0, high: 1, normal: 2, low: 3 };
    expect(all.map(({ id }) => id)).toEqual(
      all
        .toSorted(
          (a, b) =>
            rank[a.priority] - rank[b.priority] ||
            a.createdAt.localeCompare(b.createdAt) ||
            a.id.localeCompare(b.id),
        )
        .map(({ id }) => id),
    );
    expect(all.map(({ priority }) => priority).join()).toBe(
      'urgent,urgent,urgent,urgent,high,high,high,high,normal,low,low',
    );
    for (const limit of [1, 2, 3, 4, 5, 11]) expect(await queue(`?limit=${limit}`)).toEqual(all);
  });

  it('shows those that wait, those that somebody has, or both', async () => {
    for (const priority of ['low', 'urgent', 'normal', 'high', 'urgent']) await escalated(priority);
    for (const operatorId of ['maria', 'anna'])
      await otklik.api.post('/api/escalations/claim', { operatorId });
    const all = await queue();
    expect(all.map(({ status }) => status)).toEqual(['claimed', 'claimed', 'waiting', 'waiting', 'waiting']);
    for (const limit of [1, 2, 50]) {
      expect(await queue(`?status=claimed&limit=${limit}`)).toEqual(all.slice(0, 2));
      expect(await queue(`?status=waiting&limit=${limit}`)).toEqual(all.slice(2));
    }
  });

  it.each([
    ['a reply of an operator', 'replies', { content: 'Yes', author: 'operator' }, 'replied'],
    ['a reply of the assistant', 'replies', { content: 'Yes', author: 'assistant' }, 'replied'],
    ['a closing', 'close', { reason: 'solved' }, 'closed'],
  ])('is left with %s, whether or not somebody has claimed it', async (_what, what, body, resolution) => {
    const claimed = await escalated('urgent');
    await otklik.api.post('/api/escalations/claim', { operatorId: 'maria' });
    const waiting = await escalated('low');
    otklik.clock.advance(MINUTE);
    for (const { conversationId } of [claimed, waiting]) await change(conversationId, what, body);
    expect(await queue()).toEqual([]);
    expect(await entry(waiting.id)).toEqual({
      ...waiting,
      status: 'resolved',
      resolvedAt: otklik.clock.iso(),
      resolution,
    });
    expect(await entry(claimed.id)).toMatchObject({ status: 'resolved', operatorId: 'maria', resolution });
    expect((await otklik.api.post('/api/escalations/claim', { operatorId: 'anna' })).status).toBe(204);
  });

  it('takes a conversation in again that was answered before', async () => {
    const first = await escalated();
    await change(first.conversationId, 'replies', { content: 'Yes', author: 'operator' });
    const again = await escalate(first.conversationId, 'Not solved.');
    expect(again.status).toBe(201);
    expect(again.body.id).not.toBe(first.id);
    expect(await queue()).toEqual([again.body]);
  });

  it('moves what is given another priority, and whoever has claimed it keeps it', async () => {
    const moved = await escalated('low');
    await otklik.api.post('/api/escalations/claim', { operatorId: 'maria' });
    const other = await escalated('normal');
    await change(moved.conversationId, 'priority', { priority: 'high' });
    expect(await queue()).toMatchObject([
      { id: moved.id, priority: 'high', createdAt: moved.createdAt, operatorId: 'maria' },
      { id: other.id },
    ]);
    await change(moved.conversationId, 'priority', { priority: 'low' });
    expect((await queue()).map(({ id }) => id)).toEqual([other.id, moved.id]);
    expect(await told(moved.conversationId)).toMatchObject([
      { priority: 'low', previousPriority: null },
      {
        escalationId: moved.id,
        priority: 'high',
        previousPriority: 'low',
        reason: 'manual',
        note: moved.note,
      },
      { priority: 'low', previousPriority: 'high' },
    ]);
  });

  it('moves an entry that stayed more urgent than its conversation', async () => {
    const { id, conversationId } = await escalated('high');
    await otklik.database.query(`update conversations set priority = 'low' where id = $1`, [conversationId]);
    await change(conversationId, 'priority', { priority: 'low' });
    expect(await entry(id)).toMatchObject({ priority: 'low' });
    expect((await told(conversationId)).at(-1)).toMatchObject({ priority: 'low', previousPriority: 'high' });
  });

  it('takes in nothing where the event cannot be told', async () => {
    const { conversationId } = await written();
    await otklik.database.execute(`
      create function fail() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$;
      create trigger fail before insert on events for each row
        when (new.type = 'conversation.escalated') execute function fail()`);
    expect((await escalate(conversationId)).status).toBe(500);
    await otklik.database.execute('drop trigger fail on events; drop function fail');
    expect(await queue()).toEqual([]);
  });

  it('takes in no conversation that is closed, or is not there', async () => {
    const { conversationId } = await written();
    await change(conversationId, 'close', { reason: 'solved' });
    const closed = await escalate(conversationId);
    expect([closed.status, closed.body]).toMatchObject([409, { code: 'conversation_closed' }]);
    const missing = await escalate(NOBODY);
    expect([missing.status, missing.body]).toMatchObject([404, { code: 'conversation_not_found' }]);
    const nothing = await otklik.api.get(`/api/escalations/${NOBODY}`);
    expect([nothing.status, nothing.body]).toMatchObject([404, { code: 'escalation_not_found' }]);
  });

  it.each([
    [{}, 'reason'],
    [{ reason: '   ' }, 'reason'],
    [{ reason: 'x'.repeat(1001) }, 'reason'],
    [{ reason: 'a\u0000b' }, 'reason'],
    [{ reason: '\udc00' }, 'reason'],
    [{ reason: 'x', priority: 'high' }, 'priority'],
  ])('says what is wrong about %j', async (body, path) => {
    const { conversationId } = await written();
    const { status, body: problem } = await otklik.api.post(
      `/api/conversations/${conversationId}/escalate`,
      body,
    );
    expect([status, problem]).toMatchObject([400, { code: 'validation_failed', errors: [{ path }] }]);
  });

  it('is read with its own filters and cursors alone', async () => {
    await otklik.accept({ clientId: newClient(), content: CALM });
    const { body: reminders } = await otklik.api.get<PageOf<unknown>>('/api/reminders?limit=1');
    const forged = (position: unknown) => Buffer.from(JSON.stringify(position)).toString('base64url');
    for (const [query, path] of [
      ['status=resolved', 'status'],
      [`cursor=${reminders.nextCursor}`, 'cursor'],
      [`cursor=${forged(['critical', otklik.clock.iso(), NOBODY])}`, 'cursor'],
      [`cursor=${forged([3, otklik.clock.iso(), NOBODY])}`, 'cursor'],
    ]) {
      const { status, body } = await otklik.api.get(`/api/escalations?${query}`);
      expect([query, status, body]).toMatchObject([query, 400, { errors: [{ path }] }]);
    }
  });
});
