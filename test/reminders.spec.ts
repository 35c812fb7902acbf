import type { EventView } from '../src/events/event.schemas.js';
import type { ReminderView } from '../src/reminders/reminder.schemas.js';
import { eventually } from './support/eventually.js';
import { HOUR, MINUTE } from './support/settable-clock.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

/** Words that the triage gives each priority. */
const WORDS = {
  urgent: 'My card was stolen!',
  normal: 'zxqv wrblk',
} as const;

describe('the reminders of a conversation that waits', () => {
  const otklik = new TestOtklik();
  beforeAll(() => otklik.start());
  afterAll(() => otklik.stop());

  const remindersOf = (conversationId: string, status?: string) =>
    otklik.api.all<ReminderView>(
      `/api/reminders?conversationId=${conversationId}${status ? `&status=${status}` : ''}`,
    );

  async function cancellations(conversationId: string): Promise<unknown[]> {
    const events = await otklik.api.all<EventView>(
      `/api/events?conversationId=${conversationId}&type=reminder.cancelled`,
    );
    return events.map(({ data }) => data);
  }

  const times = (reminders: readonly { scheduledAt: string }[]) => reminders.map((item) => item.scheduledAt);

  it('follow the policy of its priority, and are listed with all about them', async () => {
    const message = await otklik.accept({ clientId: newClient(), content: WORDS.urgent });
    const [first, ...others] = await remindersOf(message.conversationId);
    expect(first).toEqual({
      id: message.reminders[0]?.id,
      conversationId: message.conversationId,
      messageId: message.id,
      kind: 'policy',
      level: 1,
      priority: 'urgent',
      status: 'pending',
      note: null,
      scheduledAt: otklik.clock.iso(5 * MINUTE),
      sentAt: null,
      cancelledAt: null,
      cancelReason: null,
      failedAt: null,
      failure: null,
      attempts: 0,
      createdAt: message.createdAt,
    });
    expect(others.map(({ level, scheduledAt }) => [level, scheduledAt])).toEqual([
      [2, otklik.clock.iso(15 * MINUTE)],
      [3, otklik.clock.iso(HOUR)],
    ]);
  });

  it('have a policy for each priority, which everybody may read', async () => {
    const { body } = await otklik.api.get<{ data: unknown[] }>('/api/reminder-policies');
    expect(body).toEqual({
      data: [
        ['urgent', ['PT5M', 'PT15M', 'PT1H'], 'PT1H', 1],
        ['high', ['PT15M', 'PT1H', 'PT4H'], 'PT4H', 2],
        ['normal', ['PT1H', 'PT4H', 'PT24H'], 'PT24H', 3],
        ['low', ['PT4H', 'PT24H', 'PT72H'], 'PT72H', null],
      ].map(([priority, delays, repeatEvery, escalateAtLevel]) => ({
        priority,
        delays,
        repeatEvery,
        escalateAtLevel,
        businessHours: null,
      })),
      nextCursor: null,
    });
  });

  it('are not doubled by a second message: it joins the chain', async () => {
    const clientId = newClient();
    const first = await otklik.accept({ clientId, content: WORDS.urgent });
    otklik.clock.advance(MINUTE);
    const same = await otklik.accept({ clientId, content: `${WORDS.urgent} Please!` });
    const less = await otklik.accept({ clientId, content: WORDS.normal });
    expect(same.reminders).toEqual(first.reminders);
    expect(less.reminders).toEqual(first.reminders);
    expect(await remindersOf(first.conversationId)).toHaveLength(3);
    const { body } = await otklik.api.get(`/api/conversations/${first.conversationId}`);
    expect(body).toMatchObject({ priority: 'urgent', waitingSince: first.createdAt });
  });

  it('are replaced by those of a more urgent message', async () => {
    const clientId = newClient();
    const calm = await otklik.accept({ clientId, content: WORDS.normal });
    otklik.clock.advance(MINUTE);
    const urgent = await otklik.accept({ clientId, content: WORDS.urgent });
    expect(times(urgent.reminders)).toEqual([5, 15, 60].map((minutes) => otklik.clock.iso(minutes * MINUTE)));
    expect(await remindersOf(calm.conversationId, 'pending')).toHaveLength(3);
    const cancelled = await remindersOf(calm.conversationId, 'cancelled');
    expect(cancelled.map(({ id }) => id).sort()).toEqual(calm.reminders.map(({ id }) => id).sort());
    for (const { cancelReason, cancelledAt } of cancelled) {
      expect([cancelReason, cancelledAt]).toEqual(['superseded', urgent.createdAt]);
    }
    expect(await cancellations(calm.conversationId)).toHaveLength(3);
    const { body } = await otklik.api.get(`/api/conversations/${calm.conversationId}`);
    expect(body).toMatchObject({ priority: 'urgent', waitingSince: calm.createdAt });
  });

  it('that come before those of the more urgent message stay', async () => {
    const clientId = newClient();
    const calm = await otklik.accept({ clientId, content: WORDS.normal });
    otklik.clock.advance(57 * MINUTE);
    const urgent = await otklik.accept({ clientId, content: WORDS.urgent });
    expect(times(urgent.reminders)).toEqual(
      [3, 5, 15, 60].map((minutes) => otklik.clock.iso(minutes * MINUTE)),
    );
    expect(urgent.reminders[0]).toEqual(calm.reminders[0]);
    expect(await remindersOf(calm.conversationId, 'pending')).toHaveLength(4);
    expect(await remindersOf(calm.conversationId, 'cancelled')).toHaveLength(2);
  });

  it('begin anew with the first message after an answer, at its own priority', async () => {
    const clientId = newClient();
    const { conversationId } = await otklik.accept({ clientId, content: WORDS.urgent });
    await otklik.api.post(`/api/conversations/${conversationId}/replies`, {
      content: 'Your card is blocked.',
      author: 'operator',
    });
    expect(await remindersOf(conversationId, 'pending')).toEqual([]);
    otklik.clock.advance(HOUR);
    const next = await otklik.accept({ clientId, content: WORDS.normal });
    expect(next.conversationId).toBe(conversationId);
    expect(times(next.reminders)).toEqual([1, 4, 24].map((hours) => otklik.clock.iso(hours * HOUR)));
    const { body } = await otklik.api.get(`/api/conversations/${conversationId}`);
    expect(body).toMatchObject({ priority: 'normal', waitingSince: next.createdAt });
  });

  it('begin anew when all of the chain were sent and the client writes again', async () => {
    const clientId = newClient();
    const { conversationId } = await otklik.accept({ clientId, content: WORDS.urgent });
    await otklik.database.query('update reminders set sent_at = scheduled_at where conversation_id = $1', [
      conversationId,
    ]);
    expect(await remindersOf(conversationId, 'sent')).toHaveLength(3);
    const next = await otklik.accept({ clientId, content: 'Hello? Is anybody there?' });
    expect(next.reminders).toHaveLength(3);
    expect(await remindersOf(conversationId, 'pending')).toHaveLength(3);
  });

  it('that were made by hand are told of, but are no chain', async () => {
    const clientId = newClient();
    const { conversationId } = await otklik.accept({ clientId, content: WORDS.normal });
    await otklik.database.query(
      `update reminders set kind = 'manual', scheduled_at = $2, note = 'call back'
        where conversation_id = $1 and level = 1`,
      [conversationId, otklik.clock.iso(MINUTE)],
    );
    await otklik.database.query(
      `update reminders set failed_at = $2, failure = 'no channel' where conversation_id = $1 and level > 1`,
      [conversationId, otklik.clock.iso()],
    );
    expect(await remindersOf(conversationId, 'failed')).toHaveLength(2);
    const next = await otklik.accept({ clientId, content: `${WORDS.normal} again` });
    expect(times(next.reminders)).toEqual([
      otklik.clock.iso(MINUTE),
      ...[1, 4, 24].map((hours) => otklik.clock.iso(hours * HOUR)),
    ]);
    const urgent = await otklik.accept({ clientId, content: WORDS.urgent });
    expect(urgent.reminders.map(({ level }) => level)).toEqual([1, 1, 2, 3]);
    expect((await remindersOf(conversationId, 'pending')).map(({ kind }) => kind)).toEqual([
      'manual',
      'policy',
      'policy',
      'policy',
    ]);
  });

  it('keep to a changed policy, within seconds', async () => {
    await otklik.database.execute(
      `update reminder_policies set delays = '{PT10M}' where priority = 'urgent'`,
    );
    otklik.clock.advance(HOUR);
    const changed = await eventually(
      () => otklik.accept({ clientId: newClient(), content: WORDS.urgent }),
      ({ reminders }) => reminders.length === 1,
    );
    expect(times(changed.reminders)).toEqual([otklik.clock.iso(10 * MINUTE)]);
    await otklik.database.execute(
      `update reminder_policies set delays = '{PT5M,PT15M,PT1H}' where priority = 'urgent'`,
    );
    otklik.clock.advance(HOUR);
    await eventually(
      () => otklik.accept({ clientId: newClient(), content: WORDS.urgent }),
      ({ reminders }) => reminders.length === 3,
    );
  });

  it('are listed the next one due first, page by page', async () => {
    const all = await otklik.api.all<ReminderView>('/api/reminders?status=pending');
    const inPages = await otklik.api.all<ReminderView>('/api/reminders?status=pending&limit=4');
    expect(inPages).toEqual(all);
    expect(times(all)).toEqual(times(all).toSorted());
    expect(all.length).toBeGreaterThan(8);
  });
});
