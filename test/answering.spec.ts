import type { ConversationView } from '../src/conversations/conversation.schemas.js';
import type { EventView } from '../src/events/event.schemas.js';
import type { MessageView } from '../src/messages/message.schemas.js';
import type { ReminderView } from '../src/reminders/reminder.schemas.js';
import { eventually } from './support/eventually.js';
import { HOUR, MINUTE } from './support/settable-clock.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

const NOBODY = '019aa5c6-7b40-7c3e-9d51-2f6a8b1c4e70';

describe('the team', () => {
  const otklik = new TestOtklik();
  const worker = new TestOtklik({ env: { ROLES: 'api,worker', REMINDER_POLL_INTERVAL: 'PT10M' } });
  beforeAll(async () => {
    await otklik.start();
    await worker.start();
  });
  afterAll(async () => {
    await worker.stop();
    await otklik.stop();
  });

  const path = (conversationId: string, change = '') =>
    `/api/conversations/${conversationId}${change && `/${change}`}`;

  const reply = (conversationId: string, content = 'We are on it.') =>
    otklik.api.post<MessageView>(path(conversationId, 'replies'), { content, author: 'operator' });

  const conversation = async (id: string) => (await otklik.api.get<ConversationView>(path(id))).body;

  const reminders = (id: string, status: string) =>
    otklik.api.all<ReminderView>(`/api/reminders?conversationId=${id}&status=${status}`);

  const events = (id: string, type: string) =>
    otklik.api.all<EventView>(`/api/events?conversationId=${id}&type=${type}`);

  const opened = () => otklik.accept({ clientId: newClient(), content: 'My card was stolen!' });

  it('answers a client: nobody waits any more, and no reminder is left', async () => {
    const { conversationId, clientId, createdAt } = await opened();
    otklik.clock.advance(MINUTE);
    const traceId = 'a'.repeat(31).concat('b');
    const { status, body } = await otklik.api.post<MessageView>(
      path(conversationId, 'replies'),
      { content: 'Your card is blocked.\r\n', author: 'operator', operatorId: 'maria' },
      { traceparent: `00-${traceId}-00f067aa0ba902b7-01` },
    );
    expect(status).toBe(201);
    expect(body).toEqual({
      id: expect.any(String),
      clientId,
      conversationId,
      direction: 'outbound',
      author: 'operator',
      operatorId: 'maria',
      content: 'Your card is blocked.\n',
      channel: 'api',
      priority: null,
      category: null,
      triage: null,
      isFirstMessage: false,
      metadata: {},
      timestamp: otklik.clock.iso(),
      createdAt: otklik.clock.iso(),
    });
    expect(Date.parse(body.createdAt)).toBeGreaterThan(Date.parse(createdAt));
    expect(await conversation(conversationId)).toMatchObject({
      status: 'open',
      waitingSince: null,
      lastActivityAt: body.createdAt,
    });
    const cancelled = await reminders(conversationId, 'cancelled');
    expect(cancelled.map(({ cancelReason, cancelledAt }) => [cancelReason, cancelledAt])).toEqual(
      Array.from({ length: 3 }, () => ['replied', body.createdAt]),
    );
    expect(await reminders(conversationId, 'pending')).toEqual([]);
    const [replied] = await events(conversationId, 'message.replied');
    expect(replied).toMatchObject({
      traceId,
      data: {
        messageId: body.id,
        conversationId,
        clientId,
        author: 'operator',
        operatorId: 'maria',
        content: body.content,
        createdAt: body.createdAt,
      },
    });
    const told = await events(conversationId, 'reminder.cancelled');
    expect(told.map(({ data }) => data.reason)).toEqual(['replied', 'replied', 'replied']);
    expect(told.map(({ traceId: id }) => id)).toEqual([traceId, traceId, traceId]);
  });

  it('or the assistant answers, as often as it likes', async () => {
    const { id, conversationId } = await opened();
    const answers = [];
    for (const content of ['One', 'Two', 'Three']) {
      answers.push(
        (
          await otklik.api.post<MessageView>(path(conversationId, 'replies'), {
            content,
            author: 'assistant',
          })
        ).body,
      );
    }
    expect(answers.map(({ author, operatorId }) => [author, operatorId])).toEqual([
      ['assistant', null],
      ['assistant', null],
      ['assistant', null],
    ]);
    const { body } = await otklik.api.get<{ reply: MessageView }>(`/api/messages/${id}`);
    expect(body.reply).toEqual(answers[0]);
    expect(await events(conversationId, 'message.replied')).toHaveLength(3);
    const { body: page } = await otklik.api.get<{ data: MessageView[] }>(path(conversationId, 'messages'));
    expect(page.data.map(({ content }) => content)).toEqual(['My card was stolen!', 'One', 'Two', 'Three']);
  });

  it('sees everything that happens to a client in one order, even within a millisecond', async () => {
    const { conversationId, clientId } = await opened();
    const moments: string[] = [];
    for (let i = 0; i < 5; i++) {
      moments.push((await otklik.accept({ clientId, content: `Question ${i}` })).createdAt);
      moments.push((await reply(conversationId, `Answer ${i}`)).body.createdAt);
    }
    expect(moments).toEqual(moments.toSorted());
    expect(new Set(moments).size).toBe(10);
  });

  it('closes a conversation: what is pending for it is cancelled, and it takes no more changes', async () => {
    const { conversationId, clientId } = await opened();
    const { status, body } = await otklik.api.post<ConversationView>(path(conversationId, 'close'), {
      reason: '  solved  ',
    });
    expect(status).toBe(200);
    expect(body).toEqual(await conversation(conversationId));
    expect(body).toMatchObject({ status: 'closed', closeReason: 'solved', waitingSince: null });
    expect(body.closedAt).toBe(body.lastActivityAt);
    expect((await reminders(conversationId, 'cancelled')).map(({ cancelReason }) => cancelReason)).toEqual([
      'closed',
      'closed',
      'closed',
    ]);
    expect((await events(conversationId, 'conversation.closed'))[0]?.data).toEqual({
      conversationId,
      clientId,
      reason: 'solved',
      closedAt: body.closedAt,
    });
    expect(await events(conversationId, 'reminder.cancelled')).toHaveLength(3);
    const before = await otklik.database.countRows();
    for (const [change, request] of [
      ['replies', { content: 'Too late', author: 'operator' }],
      ['close', { reason: 'again' }],
      ['priority', { priority: 'low' }],
    ] as const) {
      const answer = await otklik.api.post(path(conversationId, change), request);
      expect(answer.status).toBe(409);
      expect(answer.body).toMatchObject({ code: 'conversation_closed', title: 'Conflict' });
    }
    expect(await otklik.database.countRows()).toEqual(before);
  });

  it('gets a new conversation with the next message after a closing', async () => {
    const { conversationId, clientId } = await opened();
    await otklik.api.post(path(conversationId, 'close'), { reason: 'solved' });
    const next = await otklik.accept({ clientId, content: 'One more thing' });
    expect(next.conversationId).not.toBe(conversationId);
    expect(next.isFirstMessage).toBe(false);
    expect(next.reminders).toHaveLength(3);
    expect(await conversation(next.conversationId)).toMatchObject({ status: 'open', closedAt: null });
    expect(await events(next.conversationId, 'conversation.opened')).toHaveLength(1);
  });

  it('sets a priority: the reminders are those of the new one, from now on', async () => {
    const { conversationId, clientId } = await opened();
    otklik.clock.advance(MINUTE);
    const { status, body } = await otklik.api.post<ConversationView>(path(conversationId, 'priority'), {
      priority: 'low',
    });
    expect(status).toBe(200);
    expect(body).toEqual(await conversation(conversationId));
    expect(body.priority).toBe('low');
    const pending = await reminders(conversationId, 'pending');
    expect(pending.map(({ level, priority, scheduledAt }) => [level, priority, scheduledAt])).toEqual(
      [4, 24, 72].map((hours, index) => [index + 1, 'low', otklik.clock.iso(hours * HOUR)]),
    );
    expect((await reminders(conversationId, 'cancelled')).map(({ cancelReason }) => cancelReason)).toEqual([
      'prioritised',
      'prioritised',
      'prioritised',
    ]);
    expect((await events(conversationId, 'conversation.prioritised'))[0]?.data).toEqual({
      conversationId,
      clientId,
      priority: 'low',
      previousPriority: 'urgent',
    });
  });

  it('sets a priority, and is reminded in time by whoever would have slept longer', async () => {
    const { conversationId } = await worker.accept({ clientId: newClient(), content: 'zxqv wrblk' });
    await worker.api.post(path(conversationId, 'priority'), { priority: 'urgent' });
    worker.clock.advance(6 * MINUTE);
    await eventually(
      () => worker.api.all<EventView>(`/api/events?conversationId=${conversationId}&type=reminder.due`),
      (due) => due.length === 1,
    );
  });

  it('sets the priority that is there already, and nothing changes', async () => {
    const { conversationId } = await opened();
    const before = [await conversation(conversationId), await otklik.database.countRows()];
    const { status } = await otklik.api.post(path(conversationId, 'priority'), { priority: 'urgent' });
    expect(status).toBe(200);
    expect([await conversation(conversationId), await otklik.database.countRows()]).toEqual(before);
  });

  it('sets a priority where nobody waits, and is reminded of nothing', async () => {
    const { conversationId } = await opened();
    await reply(conversationId);
    await otklik.api.post(path(conversationId, 'priority'), { priority: 'high' });
    expect(await reminders(conversationId, 'pending')).toEqual([]);
  });

  it('corrects what the triage thought, for the next training', async () => {
    const { id, conversationId } = await opened();
    const correct = (message: string, body: object) =>
      otklik.api.post(`/api/messages/${message}/triage`, body);
    expect((await correct(id, { priority: 'low', category: 'spam' })).status).toBe(204);
    expect((await correct(id, { category: 'other' })).status).toBe(204);
    const [row] = await otklik.database.query(
      'select corrected_priority, corrected_category, corrected_at from messages where id = $1',
      [id],
    );
    expect(row).toEqual({
      corrected_priority: 'low',
      corrected_category: 'other',
      corrected_at: new Date(otklik.clock.now()),
    });
    expect((await correct(id, {})).status).toBe(400);
    expect((await correct(id, { category: 'no spaces' })).status).toBe(400);
    expect((await correct(NOBODY, { priority: 'low' })).status).toBe(404);
    const answer = (await reply(conversationId)).body;
    expect((await correct(answer.id, { priority: 'low' })).status).toBe(404);
  });

  it.each<[change: string, body: object, path: string]>([
    ['replies', { author: 'operator' }, 'content'],
    ['replies', { content: '', author: 'operator' }, 'content'],
    ['replies', { content: 'x'.repeat(10_001), author: 'operator' }, 'content'],
    ['replies', { content: '\ud83d', author: 'operator' }, 'content'],
    ['replies', { content: 'Hi' }, 'author'],
    ['replies', { content: 'Hi', author: 'client' }, 'author'],
    ['replies', { content: 'Hi', author: 'system' }, 'author'],
    ['replies', { content: 'Hi', author: 'operator', operatorId: 'ma ria' }, 'operatorId'],
    ['replies', { content: 'Hi', author: 'operator', more: 1 }, 'more'],
    ['close', {}, 'reason'],
    ['close', { reason: '   ' }, 'reason'],
    ['close', { reason: 'x'.repeat(501) }, 'reason'],
    ['close', { reason: 'a\u0000b' }, 'reason'],
    ['close', { reason: '\udc00' }, 'reason'],
    ['priority', {}, 'priority'],
    ['priority', { priority: 'critical' }, 'priority'],
  ])('is told what is wrong: %s %j', async (change, body, field) => {
    const { conversationId } = await opened();
    const { status, body: problem } = await otklik.api.post(path(conversationId, change), body);
    expect(status).toBe(400);
    expect(problem).toMatchObject({ code: 'validation_failed', errors: [{ path: field }] });
  });

  it.each([
    ['replies', { content: 'Hi', author: 'operator' }],
    ['close', { reason: 'solved' }],
    ['priority', { priority: 'low' }],
  ])('is told of a conversation that there is not: %s', async (change, body) => {
    const missing = await otklik.api.post(path(NOBODY, change), body);
    expect(missing.status).toBe(404);
    expect(missing.body).toMatchObject({ code: 'conversation_not_found', title: 'Not Found' });
    const malformed = await otklik.api.post(path('42', change), body);
    expect(malformed.status).toBe(400);
    expect(malformed.body).toMatchObject({ code: 'validation_failed', errors: [{ path: 'id' }] });
  });
});
