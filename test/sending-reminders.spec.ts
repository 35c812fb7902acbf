import type { ConversationView } from '../src/conversations/conversation.schemas.js';
import { eventually } from './support/eventually.js';
import { ReminderWatch } from './support/reminder-watch.js';
import { DAY, HOUR, SECOND } from './support/settable-clock.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

/** Words that the triage gives each priority. */
const WORDS = {
  urgent: 'My card was stolen!',
  normal: 'zxqv wrblk',
} as const;

const POLICIES = `
  update reminder_policies set repeat_every = 'PT1H', escalate_at_level = 1 where priority = 'urgent';
  update reminder_policies
     set delays = '{PT1H,PT4H,PT24H}', repeat_every = 'PT24H', escalate_at_level = 3, business_hours = null
   where priority = 'normal'`;

describe('a reminder that is due', () => {
  const otklik = new TestOtklik({
    env: {
      ROLES: 'api,worker',
      REMINDER_BATCH_SIZE: '3',
      REMINDER_POLICY_CACHE_TTL: 'PT0S',
      // Nothing else closes or heals anything here.
      CONVERSATION_AUTO_CLOSE_AFTER: 'P30D',
    },
  });
  const watch = new ReminderWatch(otklik);
  beforeAll(async () => {
    await otklik.start();
    await otklik.database.execute(POLICIES);
  });
  afterAll(() => otklik.stop());
  afterEach(async () => {
    for (const { id } of await otklik.api.all<ConversationView>('/api/conversations?status=open')) {
      await otklik.api.post(`/api/conversations/${id}/close`, { reason: 'end of the spec' });
    }
  });

  it('is told of on time, with all about it, and not before', async () => {
    const message = await otklik.accept({ clientId: newClient(), content: WORDS.normal });
    const { conversationId } = message;
    otklik.clock.advance(HOUR - 1);
    await watch.atRest();
    expect(await watch.due(conversationId)).toEqual([]);
    otklik.clock.advance(1);
    await watch.untilSent(conversationId, 1);
    const [event, ...others] = await watch.due(conversationId);
    expect(others).toEqual([]);
    expect(event).toMatchObject({ type: 'reminder.due', timestamp: otklik.clock.iso(), conversationId });
    expect(event?.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    expect(event?.traceId).toMatch(/^[0-9a-f]{32}$/);
    const { body: conversation } = await otklik.api.get<ConversationView>(
      `/api/conversations/${conversationId}`,
    );
    expect(event?.data).toEqual({
      reminderId: message.reminders[0]?.id,
      conversationId,
      clientId: message.clientId,
      kind: 'policy',
      level: 1,
      priority: 'normal',
      note: null,
      scheduledAt: message.reminders[0]?.scheduledAt,
      sentAt: otklik.clock.iso(),
      waitingSince: conversation.waitingSince,
    });
    const [sent, ...pending] = await watch.of(conversationId);
    expect(sent).toMatchObject({ status: 'sent', sentAt: otklik.clock.iso(), attempts: 1, failure: null });
    expect(pending.map(({ level, status }) => [level, status])).toEqual([
      [2, 'pending'],
      [3, 'pending'],
    ]);
    expect(await watch.scheduler()).toMatchObject({ lagMs: 0, lastError: null });
  });

  it('is sent when the timer of a later one stood already: a new earlier one wakes the scheduler', async () => {
    const { conversationId } = await otklik.accept({ clientId: newClient(), content: WORDS.normal });
    await watch.atRest();
    await otklik.api.post(`/api/conversations/${conversationId}/reminders`, {
      scheduledAt: otklik.clock.iso(2 * SECOND),
    });
    // Shorter than the interval of the poll.
    otklik.clock.advance(2 * SECOND);
    await eventually(
      () => watch.due(conversationId),
      (events) => events.length === 1,
    );
  });

  it('is followed by the next, again and again, until somebody answers', async () => {
    const { id, conversationId } = await otklik.accept({ clientId: newClient(), content: WORDS.normal });
    let count = 0;
    for (const hours of [1, 3, 20]) {
      otklik.clock.advance(hours * HOUR);
      await watch.untilSent(conversationId, ++count);
    }
    for (const level of [4, 5, 6]) {
      const pending = await watch.of(conversationId, 'pending');
      expect(pending).toMatchObject([
        { level, kind: 'policy', priority: 'normal', messageId: id, scheduledAt: otklik.clock.iso(DAY) },
      ]);
      otklik.clock.advance(DAY);
      await watch.untilSent(conversationId, level);
    }
    expect((await watch.due(conversationId)).map(({ data }) => data.level)).toEqual([1, 2, 3, 4, 5, 6]);
    await otklik.api.post(`/api/conversations/${conversationId}/replies`, {
      content: 'Yes',
      author: 'operator',
    });
    otklik.clock.advance(3 * DAY);
    await watch.atRest();
    expect(await watch.due(conversationId)).toHaveLength(6);
    expect(await watch.of(conversationId, 'pending')).toEqual([]);
  });

  it('escalates its conversation from its level on, once', async () => {
    const { conversationId, clientId } = await otklik.accept({
      clientId: newClient(),
      content: WORDS.normal,
    });
    await otklik.database.query(`update conversations set status = 'pending' where id = $1`, [
      conversationId,
    ]);
    otklik.clock.advance(4 * HOUR);
    await watch.untilSent(conversationId, 2);
    expect(await watch.events(conversationId, 'conversation.escalated')).toEqual([]);
    for (const [count, hours] of [
      [3, 20],
      [4, 24],
    ] as const) {
      otklik.clock.advance(hours * HOUR);
      await watch.untilSent(conversationId, count);
    }
    const [escalated, ...others] = await watch.events(conversationId, 'conversation.escalated');
    expect(others).toEqual([]);
    const at = (await watch.due(conversationId))[2]?.data.sentAt;
    expect(escalated).toMatchObject({
      timestamp: at,
      data: {
        conversationId,
        clientId,
        priority: 'normal',
        previousPriority: null,
        reason: 'policy',
        level: 3,
        note: null,
        escalatedAt: at,
      },
    });
    const rows = await otklik.database.query(
      'select id, reason, level, priority from escalations where conversation_id = $1',
      [conversationId],
    );
    expect(rows).toEqual([
      { id: escalated?.data.escalationId, reason: 'policy', level: 3, priority: 'normal' },
    ]);
    expect((await otklik.api.get(`/api/conversations/${conversationId}`)).body).toMatchObject({
      status: 'open',
    });
    await otklik.api.post(`/api/conversations/${conversationId}/close`, { reason: 'solved' });
  });

  it('hands the conversation to the queue where its policy neither repeats nor escalates before', async () => {
    await otklik.database.execute(`
      update reminder_policies set repeat_every = null, escalate_at_level = null where priority = 'normal'`);
    const { conversationId } = await otklik.accept({ clientId: newClient(), content: WORDS.normal });
    otklik.clock.advance(25 * HOUR);
    await watch.untilSent(conversationId, 3);
    expect(await watch.of(conversationId, 'pending')).toEqual([]);
    expect(await watch.events(conversationId, 'conversation.escalated')).toHaveLength(1);
    await otklik.database.execute(POLICIES);
  });

  it('is not sent, if the client was answered between the claim and the sending', async () => {
    const { conversationId } = await otklik.accept({ clientId: newClient(), content: WORDS.normal });
    await otklik.database.query('update conversations set waiting_since = null where id = $1', [
      conversationId,
    ]);
    otklik.clock.advance(HOUR);
    const cancelled = await eventually(
      () => watch.events(conversationId, 'reminder.cancelled'),
      (events) => events.length === 1,
    );
    const [reminder] = await watch.of(conversationId);
    expect(cancelled[0]?.data).toMatchObject({ reminderId: reminder?.id, level: 1, reason: 'answered' });
    expect(reminder).toMatchObject({ status: 'cancelled', cancelReason: 'answered', sentAt: null });
    expect(await watch.due(conversationId)).toEqual([]);
    expect(await watch.of(conversationId)).toHaveLength(3);
  });

  it('is not sent, if the conversation was closed meanwhile', async () => {
    const { conversationId } = await otklik.accept({ clientId: newClient(), content: WORDS.normal });
    await otklik.database.query(
      `update conversations set status = 'closed', closed_at = last_activity_at where id = $1`,
      [conversationId],
    );
    otklik.clock.advance(HOUR);
    await eventually(
      () => watch.of(conversationId, 'cancelled'),
      ([reminder]) => reminder?.cancelReason === 'closed',
    );
    expect(await watch.due(conversationId)).toEqual([]);
  });

  it('waits for whoever is just answering, and then sees the answer', async () => {
    const { conversationId, clientId } = await otklik.accept({
      clientId: newClient(),
      content: WORDS.normal,
    });
    const path = `/api/conversations/${conversationId}/replies`;
    let answer: Promise<{ status: number }> | undefined;
    await otklik.database.during(
      `select from clients where id = '${clientId}' for no key update`,
      async () => {
        answer = otklik.api.post(path, { content: 'Yes', author: 'operator' });
        await otklik.database.untilBlocked(1);
        otklik.clock.advance(HOUR);
        await otklik.database.untilBlocked(2);
      },
    );
    expect((await answer)?.status).toBe(201);
    await watch.atRest();
    expect(await watch.due(conversationId)).toEqual([]);
    expect((await watch.of(conversationId)).map(({ cancelReason }) => cancelReason)).toEqual(
      Array(3).fill('replied'),
    );
  });

  it('is not told with an earlier time than what happened while it waited', async () => {
    const { conversationId, clientId } = await otklik.accept({
      clientId: newClient(),
      content: WORDS.normal,
    });
    let escalated: Promise<{ status: number }> | undefined;
    await otklik.database.during(
      `select from clients where id = '${clientId}' for no key update`,
      async () => {
        escalated = otklik.api.post(`/api/conversations/${conversationId}/escalate`, { reason: 'Help!' });
        await otklik.database.untilBlocked(1);
        otklik.clock.advance(HOUR);
        await otklik.database.untilBlocked(2);
        otklik.clock.advance(SECOND);
      },
    );
    expect((await escalated)?.status).toBeLessThan(300);
    await watch.untilSent(conversationId, 1);
    const [before] = await watch.events(conversationId, 'conversation.escalated');
    const [due] = await watch.due(conversationId);
    expect(before?.timestamp).toBe(otklik.clock.iso());
    expect([due?.timestamp, due?.data.sentAt]).toEqual([before?.timestamp, before?.timestamp]);
  });

  it('is handled once, all that is overdue after a long outage', async () => {
    const { conversationId } = await otklik.accept({ clientId: newClient(), content: WORDS.normal });
    await otklik.api.post('/api/system/processes/reminders/pause', {});
    otklik.clock.advance(10 * DAY);
    await otklik.api.post('/api/system/processes/reminders/resume', {});
    await watch.untilSent(conversationId, 3);
    // Two batches at once may hold them: then the later ones can be told of first.
    expect((await watch.due(conversationId)).map(({ data }) => data.level).toSorted()).toEqual([1, 2, 3]);
    expect(await watch.of(conversationId, 'pending')).toMatchObject([
      { level: 4, scheduledAt: otklik.clock.iso(DAY) },
    ]);
  });

  it('is planned by the priority that the conversation has when it is sent', async () => {
    const clientId = newClient();
    const { conversationId } = await otklik.accept({ clientId, content: WORDS.normal });
    otklik.clock.advance(24 * HOUR);
    await watch.untilSent(conversationId, 3);
    await otklik.database.query(`update conversations set priority = 'urgent' where id = $1`, [
      conversationId,
    ]);
    otklik.clock.advance(DAY);
    await watch.untilSent(conversationId, 4);
    expect((await watch.due(conversationId))[3]?.data).toMatchObject({ level: 4, priority: 'urgent' });
    expect(await watch.of(conversationId, 'pending')).toMatchObject([
      { level: 5, priority: 'urgent', scheduledAt: otklik.clock.iso(HOUR) },
    ]);
  });
});
