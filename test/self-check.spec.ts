import { randomUUID } from 'node:crypto';
import type { EventView } from '../src/events/event.schemas.js';
import { BackgroundProcesses } from '../src/processes/background-processes.js';
import type { ReminderView } from '../src/reminders/reminder.schemas.js';
import { SelfCheck } from '../src/self-check/self-check.js';
import { WaitingConversations } from '../src/self-check/waiting-conversations.js';
import { DAY, HOUR, MINUTE } from './support/settable-clock.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

/** Words that the triage gives each priority. */
const WORDS = { urgent: 'My card was stolen!', normal: 'zxqv wrblk' } as const;

const NOTHING = { found: 0, repaired: 0 };
const ONE = { found: 1, repaired: 1 };

describe('the self-check: the promise, watched', () => {
  const otklik = new TestOtklik({ env: { ROLES: 'api,worker', SELF_CHECK_BATCH_SIZE: '10' } });
  beforeAll(async () => {
    await otklik.start();
    // They would set right a good part of what is broken here by themselves.
    for (const name of ['reminders', 'escalation-claims', 'auto-close']) {
      await otklik.api.post(`/api/system/processes/${name}/pause`, {});
    }
  });
  afterAll(() => otklik.stop());
  beforeEach(() => otklik.log.clear());

  async function run() {
    const { status } = await otklik.api.post('/api/system/processes/self-check/run', {});
    expect(status).toBe(200);
    return otklik.part(SelfCheck).lastRun;
  }

  const sabotage = (sql: string, ...parameters: unknown[]) => otklik.database.query(sql, parameters);

  const pendingOf = (conversationId: string) =>
    otklik.api.all<ReminderView>(`/api/reminders?conversationId=${conversationId}&status=pending`);

  const eventsOf = async (conversationId: string, type: string) =>
    (await otklik.api.all<EventView>(`/api/events?conversationId=${conversationId}&type=${type}`)).map(
      ({ data }) => data,
    );

  const waiting = async (content: string = WORDS.normal) =>
    (await otklik.accept({ clientId: newClient(), content })).conversationId;

  it('finds nothing where all is well, however many there are, and touches nothing', async () => {
    for (let i = 0; i < 25; i++) await waiting(i % 5 === 0 ? WORDS.urgent : WORDS.normal);
    const answered = await waiting();
    await otklik.api.post(`/api/conversations/${answered}/replies`, { content: 'Yes', author: 'operator' });
    const closed = await waiting();
    await otklik.api.post(`/api/conversations/${closed}/close`, { reason: 'solved' });
    await otklik.api.post('/api/escalations/claim', { operatorId: 'anna' });
    const before = await otklik.database.countRows();
    expect(Object.values(await run())).toEqual(Array(5).fill(NOTHING));
    expect(await otklik.database.countRows()).toEqual(before);
    expect(otklik.log.entries(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
  });

  it('brings a conversation back that waits with neither a reminder nor an escalation', async () => {
    const forgotten = await waiting();
    await sabotage('delete from reminders where conversation_id = $1', forgotten);
    expect((await run()).forgotten_conversation).toEqual(ONE);
    const [first, ...others] = await pendingOf(forgotten);
    expect([first, ...others].map((reminder) => reminder?.level)).toEqual([1, 2, 3]);
    // The client's clock may be some milliseconds ahead.
    const early = Date.parse(first?.scheduledAt ?? '') - (otklik.clock.now() + HOUR);
    expect(early).toBeGreaterThanOrEqual(0);
    expect(early).toBeLessThan(1_000);
    expect(otklik.log.entries(({ fault }) => fault === 'forgotten_conversation')).toMatchObject([
      { level: 'warn', id: forgotten },
    ]);
    expect((await run()).forgotten_conversation).toEqual(NOTHING);
  });

  it('does so for many, a batch at a time', async () => {
    const forgotten: string[] = [];
    for (let i = 0; i < 35; i++) forgotten.push(await waiting());
    await sabotage('update reminders set failed_at = created_at where conversation_id = any($1)', forgotten);
    const before = otklik.part(SelfCheck).total.forgotten_conversation;
    const [found, repaired] = [before.found + 35, before.repaired + 35];
    expect((await run()).forgotten_conversation).toEqual({ found: 35, repaired: 35 });
    expect(otklik.part(SelfCheck).total.forgotten_conversation).toEqual({ found, repaired });
    for (const id of forgotten) expect(await pendingOf(id)).toHaveLength(3);
  });

  it('leaves one alone that stands in the queue: somebody will see it', async () => {
    const escalated = await waiting(WORDS.urgent);
    await sabotage('delete from reminders where conversation_id = $1', escalated);
    expect((await run()).forgotten_conversation).toEqual(NOTHING);
    await sabotage(
      `update escalations set resolved_at = $2, resolution = 'replied' where conversation_id = $1`,
      escalated,
      otklik.clock.iso(),
    );
    expect((await run()).forgotten_conversation).toEqual(ONE);
  });

  it('does not take a reminder that a person made for one that the promise has', async () => {
    const conversationId = await waiting();
    const { status } = await otklik.api.post(`/api/conversations/${conversationId}/reminders`, {
      scheduledAt: otklik.clock.iso(DAY),
    });
    expect(status).toBe(201);
    await sabotage(`delete from reminders where conversation_id = $1 and kind = 'policy'`, conversationId);
    expect((await run()).forgotten_conversation).toEqual(ONE);
    expect(await pendingOf(conversationId)).toHaveLength(4);
  });

  it('finds nothing in what somebody put right, closed or erased before it could', async () => {
    const clientId = newClient();
    const { conversationId } = await otklik.accept({ clientId, content: WORDS.normal });
    await sabotage('update reminders set failed_at = created_at where conversation_id = $1', conversationId);
    const { running } = await otklik.database.commitAfter(
      `select from clients where id = '${clientId}' for update;
       update reminders set failed_at = null where conversation_id = '${conversationId}'`,
      async () => {
        const running = run();
        await otklik.database.untilBlocked(1);
        return { running };
      },
    );
    expect((await running).forgotten_conversation).toEqual(NOTHING);
    await otklik.api.post(`/api/conversations/${conversationId}/close`, { reason: 'solved' });
    for (const id of [conversationId, randomUUID()])
      expect(await otklik.part(WaitingConversations).remember(id)).toBe(false);
  });

  it('takes a reminder from a worker that has it for longer than any lease lasts', async () => {
    const conversationId = await waiting();
    const [reminder] = await pendingOf(conversationId);
    otklik.clock.advance(HOUR + MINUTE);
    await sabotage(
      'update reminders set leased_until = $2, lease_token = 7 where id = $1',
      reminder?.id,
      otklik.clock.iso(DAY),
    );
    expect((await run()).stuck_lease).toEqual(ONE);
    expect(
      await sabotage('select leased_until, lease_token from reminders where id = $1', reminder?.id),
    ).toEqual([{ leased_until: null, lease_token: 8 }]);
    await sabotage(
      'update reminders set leased_until = $2 where id = $1',
      reminder?.id,
      // So long a failed one waits at the most.
      otklik.clock.iso(10 * MINUTE),
    );
    expect((await run()).stuck_lease).toEqual(NOTHING);
  });

  it.each(['operator_id', 'claim_expires_at'])(
    'gives a claim without %s back to the queue',
    async (column) => {
      const conversationId = await waiting(WORDS.urgent);
      await sabotage(
        `update escalations
            set operator_id = 'anna', claimed_at = $2, claim_expires_at = $2::timestamptz + interval '1 hour'
          where conversation_id = $1`,
        conversationId,
        otklik.clock.iso(),
      );
      expect((await run()).abandoned_claim).toEqual(NOTHING);
      await sabotage(`update escalations set ${column} = null where conversation_id = $1`, conversationId);
      expect((await run()).abandoned_claim).toEqual(ONE);
      expect(
        await sabotage(
          'select operator_id, claimed_at, claim_expires_at from escalations where conversation_id = $1',
          conversationId,
        ),
      ).toEqual([{ operator_id: null, claimed_at: null, claim_expires_at: null }]);
      expect(await eventsOf(conversationId, 'escalation.released')).toMatchObject([{ reason: 'self_check' }]);
    },
  );

  it('cancels what is pending for a conversation that is closed, and takes it out of the queue', async () => {
    const conversationId = await waiting(WORDS.urgent);
    await sabotage(
      `update conversations set status = 'closed', closed_at = $2, close_reason = 'by hand', waiting_since = null
        where id = $1`,
      conversationId,
      otklik.clock.iso(),
    );
    const found = await run();
    expect(found.reminder_of_closed).toEqual(ONE);
    // The first repair has seen to both.
    expect(found.escalation_of_closed).toEqual(NOTHING);
    expect(await pendingOf(conversationId)).toEqual([]);
    expect(await eventsOf(conversationId, 'reminder.cancelled')).toHaveLength(3);
    expect(
      await sabotage('select resolution from escalations where conversation_id = $1', conversationId),
    ).toEqual([{ resolution: 'closed' }]);

    await sabotage('update escalations set resolved_at = null where conversation_id = $1', conversationId);
    expect((await run()).escalation_of_closed).toEqual(ONE);
  });

  it('goes on past what it cannot repair, and says so', async () => {
    const hopeless = await waiting();
    const curable = await waiting();
    await sabotage('delete from reminders where conversation_id = any($1)', [hopeless, curable]);
    await otklik.database.execute(`
      create function refuse() returns trigger language plpgsql as $$ begin raise exception 'not this one'; end $$;
      create trigger refuse before insert on reminders for each row
        when (new.conversation_id = '${hopeless}') execute function refuse()`);
    const status = () => otklik.part(BackgroundProcesses).status('self-check');
    const { handled, failed } = status();
    expect((await run()).forgotten_conversation).toEqual({ found: 2, repaired: 1 });
    expect(status()).toMatchObject({ handled: handled + 1, failed: failed + 1 });
    expect(await pendingOf(curable)).toHaveLength(3);
    expect(otklik.log.entries(({ level }) => level === 'error')).toMatchObject([
      {
        fault: 'forgotten_conversation',
        id: hopeless,
        err: { message: expect.stringContaining('not this one') },
      },
    ]);
    // Where nothing can be stored at all, there is no next one to go on with.
    otklik.log.clear();
    await otklik.database.execute(`
      create or replace function refuse() returns trigger language plpgsql as
        $$ begin raise exception 'no room' using errcode = 'disk_full'; end $$`);
    const { body } = await otklik.api.post('/api/system/processes/self-check/run', {});
    expect(body).toMatchObject({ state: 'failing', lastError: expect.stringContaining('no room') });
    expect(otklik.log.entries(({ fault }) => fault !== undefined)).toEqual([]);
    await otklik.database.execute('drop trigger refuse on reminders; drop function refuse');
    expect((await run()).forgotten_conversation).toEqual(ONE);
  });

  it('goes on with the next run where it could not look at everything in one', async () => {
    const few = new TestOtklik({
      env: { ROLES: 'api,worker', SELF_CHECK_BATCH_SIZE: '3', SELF_CHECK_BATCHES_PER_RUN: '1' },
      beside: otklik,
    });
    const forgotten = await waiting();
    await otklik.api.post('/api/system/processes/self-check/pause', {});
    await few.start();
    await sabotage('delete from reminders where conversation_id = $1', forgotten);
    const runOfFew = () => few.api.post('/api/system/processes/self-check/run', {});
    for (let runs = 0; (await pendingOf(forgotten)).length === 0; runs++) {
      expect(runs).toBeLessThan(60);
      await runOfFew();
    }
    await few.stopServing();
    expect(await pendingOf(forgotten)).toHaveLength(3);
  });
});
