import type { ConversationView } from '../src/conversations/conversation.schemas.js';
import { eventually } from './support/eventually.js';
import { ReminderWatch } from './support/reminder-watch.js';
import { HOUR, SECOND } from './support/settable-clock.js';
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

describe('a reminder that cannot be sent', () => {
  const otklik = new TestOtklik({
    env: {
      ROLES: 'api,worker',
      REMINDER_BATCH_SIZE: '3',
      REMINDER_ATTEMPTS: '3',
      REMINDER_RETRY_BASE_DELAY: 'PT10S',
      REMINDER_RETRY_MAX_DELAY: 'PT15S',
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
    await watch.repair();
    for (const { id } of await otklik.api.all<ConversationView>('/api/conversations?status=open')) {
      await otklik.api.post(`/api/conversations/${id}/close`, { reason: 'end of the spec' });
    }
  });

  it('holds up no other; it is tried again, fails at last, and is sent when a person says so', async () => {
    const others = await Promise.all(
      Array.from({ length: 10 }, () => otklik.accept({ clientId: newClient(), content: WORDS.normal })),
    );
    const bad = await otklik.accept({ clientId: newClient(), content: WORDS.normal });
    const badId = bad.reminders[0]?.id ?? '';
    const badOne = () => watch.one(bad.conversationId, badId);
    await watch.break(badId);
    otklik.clock.advance(HOUR);
    for (const { conversationId } of others) await watch.untilSent(conversationId, 1);
    for (const attempts of [1, 2]) {
      await eventually(badOne, (reminder) => reminder?.attempts === attempts);
      expect(await badOne()).toMatchObject({ status: 'pending', failure: expect.stringContaining('mauve') });
      // Not before its wait is over: at least half of what the doubling says.
      otklik.clock.advance(4 * SECOND);
      await watch.atRest();
      expect((await badOne())?.attempts).toBe(attempts);
      otklik.clock.advance(11 * SECOND);
    }
    const failed = await eventually(badOne, (reminder) => reminder?.status === 'failed');
    expect(failed).toMatchObject({ attempts: 3, failedAt: otklik.clock.iso(), sentAt: null });
    expect(failed?.failure).toContain('no such colour: mauve');
    await watch.atRest();
    expect(await watch.scheduler()).toMatchObject({ state: 'waiting', lastError: null, failed: 3 });
    for (const { conversationId } of others) expect(await watch.due(conversationId)).toHaveLength(1);

    await watch.repair();
    const { status, body } = await otklik.api.post(`/api/reminders/${badId}/retry`, {});
    expect([status, body]).toMatchObject([
      200,
      { id: badId, status: 'pending', attempts: 0, failure: null, failedAt: null },
    ]);
    await eventually(badOne, (reminder) => reminder?.status === 'sent');
    expect((await watch.due(bad.conversationId)).map(({ data }) => data.reminderId)).toEqual([badId]);
    expect((await otklik.api.post(`/api/reminders/${badId}/retry`, {})).body).toMatchObject({
      status: 409,
      code: 'reminder_not_failed',
    });
  });

  it('leaves a waiting client with something to come, even where the last one of the chain fails', async () => {
    const { conversationId } = await otklik.accept({ clientId: newClient(), content: WORDS.normal });
    otklik.clock.advance(4 * HOUR);
    await watch.untilSent(conversationId, 2);
    const [last] = await watch.of(conversationId, 'pending');
    await watch.break(last?.id ?? '');
    otklik.clock.advance(20 * HOUR);
    for (const attempts of [1, 2, 3]) {
      await eventually(
        () =>
          otklik.database.query<{ attempts: number }>('select attempts from reminders where id = $1', [
            last?.id,
          ]),
        ([row]) => row?.attempts === attempts,
      );
      otklik.clock.advance(15 * SECOND);
    }
    const [next] = await eventually(
      () => watch.of(conversationId, 'pending'),
      (pending) => pending.length === 1,
    );
    expect(next).toMatchObject({ level: 4, kind: 'policy', status: 'pending' });
    expect(await watch.of(conversationId, 'failed')).toHaveLength(1);
  });

  it('is tried again after a deadlock, without an attempt being counted', async () => {
    const { conversationId } = await otklik.accept({ clientId: newClient(), content: WORDS.normal });
    await otklik.database.execute(`
      create sequence tries;
      create function fail() returns trigger language plpgsql as $$
      begin
        if nextval('tries') <= 3 then raise 'provoked' using errcode = '40P01'; end if;
        return null;
      end $$;
      create trigger fail after insert on events for each statement execute function fail()`);
    otklik.clock.advance(HOUR);
    await watch.untilSent(conversationId, 1);
    expect((await watch.of(conversationId))[0]).toMatchObject({
      status: 'sent',
      attempts: 1,
      failure: null,
    });
    await otklik.database.execute('drop sequence tries cascade');
  });

  it('finds the installation faulty, not itself: the scheduler waits, and nothing has failed', async () => {
    const { conversationId } = await otklik.accept({ clientId: newClient(), content: WORDS.normal });
    await otklik.database.execute('alter table escalations rename to hidden');
    otklik.clock.advance(HOUR);
    try {
      await eventually(
        () => watch.scheduler(),
        (process) => process?.state === 'failing',
      );
      expect(await watch.of(conversationId, 'failed')).toEqual([]);
    } finally {
      await otklik.database.execute('alter table hidden rename to escalations');
    }
    otklik.clock.advance(15 * SECOND);
    await watch.untilSent(conversationId, 1);
    expect((await watch.of(conversationId))[0]).toMatchObject({ status: 'sent', attempts: 1 });
    expect(await watch.scheduler()).toMatchObject({ state: 'waiting', lastError: null });
  });
});
