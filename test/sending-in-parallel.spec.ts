import type { ProcessView } from '../src/processes/process.schemas.js';
import { type ClaimedReminder, DueReminderRepository } from '../src/reminders/due-reminder.repository.js';
import { eventually } from './support/eventually.js';
import { ReminderWatch } from './support/reminder-watch.js';
import { HOUR, MINUTE } from './support/settable-clock.js';
import { newClient, TestOtklik } from './support/test-otklik.js';
import { makeWaitingConversations } from './support/waiting-conversations.js';

const COUNT = 4_000;
const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';

describe('reminders that several processes send', () => {
  const env = { ROLES: 'api,worker', REMINDER_BATCH_SIZE: '50', REMINDER_WORKERS: '3' };
  const first = new TestOtklik({ env });
  const second = new TestOtklik({ env, beside: first });
  beforeAll(async () => {
    await first.start();
    await second.start();
  });
  afterAll(async () => {
    await second.stop();
    await first.stop();
  });

  async function handledBy(otklik: TestOtklik): Promise<number> {
    const { body } = await otklik.api.get<{ data: ProcessView[] }>('/api/system/processes');
    return body.data.find(({ name }) => name === 'reminders')?.handled ?? 0;
  }

  it('are each sent once, with one repetition and one escalation, in thousands (D6)', async () => {
    await makeWaitingConversations(first.database, COUNT, first.clock.iso(HOUR));
    first.clock.advance(HOUR);
    const [found] = await eventually(
      () =>
        first.database.query<{ told: number }>(
          `select count(*)::int as told, count(distinct data ->> 'reminderId')::int as reminders
             from events where type = 'reminder.due'`,
        ),
      ([row]) => (row?.told ?? 0) >= COUNT,
    );
    expect(found).toEqual({ told: COUNT, reminders: COUNT });
    const [left] = await first.database.query(
      `select count(*) filter (where sent_at is not null)::int as sent,
              count(*) filter (where sent_at is null)::int as pending,
              count(distinct conversation_id) filter (where sent_at is null)::int as conversations,
              min(level) filter (where sent_at is null) as least, max(level) filter (where sent_at is null) as most,
              max(attempts) as attempts, max(lease_token) as claims, max(leased_until) as leased
         from reminders`,
    );
    expect(left).toEqual({
      sent: COUNT,
      pending: COUNT,
      conversations: COUNT,
      least: 4,
      most: 4,
      attempts: 1,
      claims: 1,
      leased: null,
    });
    const [queue] = await first.database.query(
      `select count(*)::int as entries, count(distinct conversation_id)::int as conversations from escalations`,
    );
    expect(queue).toEqual({ entries: COUNT, conversations: COUNT });
    await eventually(async () => (await handledBy(first)) + (await handledBy(second)) === COUNT);
    expect(await handledBy(first)).toBeGreaterThan(0);
    expect(await handledBy(second)).toBeGreaterThan(0);
  });
});

describe('a reminder whose worker lost its lease (I5)', () => {
  const otklik = new TestOtklik();
  const watch = new ReminderWatch(otklik);
  beforeAll(() => otklik.start());
  afterAll(() => otklik.stop());

  const repository = () => otklik.part(DueReminderRepository);
  const claim = () => repository().claim(otklik.clock.now(), MINUTE, 10);
  const send = (reminders: readonly ClaimedReminder[]) =>
    repository().send(
      reminders.map((reminder) => ({ reminder, repeatAt: otklik.clock.now() + HOUR, escalates: false })),
      otklik.clock.now(),
      TRACE_ID,
    );

  it('is sent by the one that took over, and by nobody else', async () => {
    const { conversationId } = await otklik.accept({ clientId: newClient(), content: 'zxqv wrblk' });
    otklik.clock.advance(HOUR);
    const stale = await claim();
    expect(stale.reminders).toHaveLength(1);
    // While the lease holds, there is nothing for others; they learn when it ends.
    expect(await claim()).toEqual({ reminders: [], nextAt: otklik.clock.now() + MINUTE });
    otklik.clock.advance(MINUTE);
    const fresh = await claim();
    expect(fresh.reminders.map(({ id }) => id)).toEqual(stale.reminders.map(({ id }) => id));

    expect(await send(stale.reminders)).toMatchObject({ sent: 0, cancelled: 0 });
    const [lost] = stale.reminders;
    if (!lost) throw new Error('It was claimed.');
    const now = new Date(otklik.clock.now());
    expect(await repository().fail(lost, now, 'too late', 1, now)).toBeUndefined();
    expect(await watch.due(conversationId)).toEqual([]);

    expect(await send(fresh.reminders)).toMatchObject({ sent: 1 });
    expect(await send(fresh.reminders)).toMatchObject({ sent: 0 });
    expect(await watch.due(conversationId)).toHaveLength(1);
    expect((await watch.of(conversationId))[0]).toMatchObject({ attempts: 1, failure: null });
    await otklik.api.post(`/api/conversations/${conversationId}/close`, { reason: 'solved' });
  });

  it('finds another priority at the conversation, and plans again', async () => {
    const { conversationId } = await otklik.accept({ clientId: newClient(), content: 'zxqv wrblk' });
    otklik.clock.advance(HOUR);
    const { reminders } = await claim();
    await otklik.database.query(`update conversations set priority = 'high' where id = $1`, [conversationId]);
    const id = reminders[0]?.id ?? '';
    expect(await send(reminders)).toEqual({
      sent: 0,
      cancelled: 0,
      reprioritised: new Map([[id, 'high']]),
      nextAt: undefined,
    });
    expect(await watch.due(conversationId)).toEqual([]);
    expect(await send(reminders.map((reminder) => ({ ...reminder, priority: 'high' })))).toMatchObject({
      sent: 1,
    });
  });
});
