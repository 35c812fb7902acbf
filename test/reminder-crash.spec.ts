import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runReminderCrashTest } from './reminder-crash/reminder-crash-test.js';
import { brokenReminderInvariants } from './reminder-crash/reminder-invariants.js';
import { MINUTE, SECOND } from './support/settable-clock.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

describe('reminders, while workers are killed, conversations answered and policies changed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'otklik-reminder-crash-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  // The long form is `npm run test:reminders`.
  it('have their effect exactly once, and none is sent after the answer', async () => {
    const { faults, sent, kills } = await runReminderCrashTest({
      kills: 3,
      seed: 20_261_121,
      conversations: 80,
      workers: 3,
      parallel: 2,
      folder,
    });
    expect(faults).toEqual([]);
    expect(kills).toBe(3);
    expect(sent).toBeGreaterThan(300);
  }, 120_000);
});

describe('what the crash test calls a fault', () => {
  const otklik = new TestOtklik({ env: { ROLES: 'api,worker' } });
  beforeAll(async () => {
    await otklik.start();
    const answered = await otklik.accept({ clientId: newClient(), content: 'My card was stolen!' });
    otklik.clock.advance(5 * MINUTE);
    await otklik.api.post('/api/system/processes/reminders/run', {});
    otklik.clock.advance(SECOND);
    const reply = { content: 'Your card is blocked.', author: 'operator' };
    await otklik.api.post(`/api/conversations/${answered.conversationId}/replies`, reply);
    await otklik.accept({ clientId: newClient(), content: 'My card was stolen!' });
    await otklik.api.post('/api/escalations/claim', { operatorId: 'anna' });
    const closed = await otklik.accept({ clientId: newClient(), content: 'Hello' });
    await otklik.api.post(`/api/conversations/${closed.conversationId}/close`, { reason: 'solved' });
  });
  afterAll(() => otklik.stop());

  /** The faults once something is broken, which is then mended. */
  const faultsAfter = (sabotage: string) =>
    otklik.database.rolledBack(async (query) => {
      await query(sabotage);
      return brokenReminderInvariants(query);
    });

  /** Writes the event of a type once more, as the last one. */
  const again = (type: string) =>
    `insert into events (id, type, conversation_id, occurred_at, data)
     select uuid_v7(occurred_at), type, conversation_id, occurred_at, data from events where type = '${type}' limit 1`;

  it('is not there while all is well', async () => {
    expect(await faultsAfter('select 1')).toEqual([]);
  });

  it.each([
    ['a reminder that was sent twice', again('reminder.due'), 'was told once'],
    ['one that was sent after the answer', again('reminder.due'), 'after the answer'],
    ['one that was cancelled twice', again('reminder.cancelled'), 'as cancelled'],
    ['one that was sent and never told', `delete from events where type = 'reminder.due'`, 'was told once'],
    [
      'one that came early',
      'update reminders set scheduled_at = sent_at + interval $$1 ms$$ where sent_at is not null',
      'before it was due',
    ],
    [
      'one that was sent and cancelled',
      'update reminders set cancelled_at = sent_at where sent_at is not null',
      'one of them',
    ],
    [
      'a conversation that was forgotten',
      'delete from reminders where sent_at is null; delete from escalations',
      'has a pending reminder',
    ],
    [
      'a reminder of an answered conversation',
      `update reminders set cancelled_at = null where conversation_id in
         (select id from conversations where waiting_since is null and status <> 'closed')`,
      'in which nobody waits',
    ],
    [
      'a reminder of a closed conversation',
      `update reminders set cancelled_at = null where conversation_id in
         (select id from conversations where status = 'closed')`,
      'a closed conversation',
    ],
    [
      'an escalation that nobody was told of',
      `delete from events where type = 'conversation.escalated'`,
      'told once',
    ],
    ['an escalation that two operators got', again('escalation.claimed'), 'between two claims'],
    [
      'a level that was planned twice',
      `insert into reminders (id, conversation_id, message_id, kind, level, priority, scheduled_at, created_at)
       select gen_random_uuid(), conversation_id, message_id, kind, level, priority, scheduled_at, created_at
         from reminders where cancelled_at is null and sent_at is null limit 1`,
      'once',
    ],
  ])('is %s', async (_what, sabotage, rule) => {
    expect(await faultsAfter(sabotage)).toEqual(
      expect.arrayContaining([expect.stringMatching(new RegExp(`not true: .*${rule}`))]),
    );
  });
});
