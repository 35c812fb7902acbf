import type { EventView } from '../src/events/event.schemas.js';
import type { ReminderView } from '../src/reminders/reminder.schemas.js';
import { SelfCheck } from '../src/self-check/self-check.js';
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
    expect((await run()).forgotten_conversation).toEqual({ found: 35, repaired: 35 });
    for (const id of forgotten) expect(await pendingOf(id)).toHaveLength(3);
  });

  it('leaves one alone that stands in the queue: somebody will see it', async () => {
    const escalated = await waiting(WORDS.urgent);
    await sabotage('delete from reminders where conversation_id = $1', escalated);
    expect((await run()).forgotten_conversation).toEqual(NOTHING);
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
      otklik.clock.iso(MINUTE),
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
    expect((await run()).forgotten_conversation).toEqual({ found: 2, repaired: 1 });
    expect(await pendingOf(curable)).toHaveLength(3);
    expect(otklik.log.entries(({ level }) => level === 'error')).toMatchObject([
      {
        fault: 'forgotten_conversation',
        id: hopeless,
        err: { message: expect.stringContaining('not this one') },
      },
    ]);
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
