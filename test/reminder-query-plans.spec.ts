import { CLAIM_ROUTINE, SEND_ROUTINE } from '../src/reminders/due-reminder.repository.js';
import { HOUR, MINUTE } from './support/settable-clock.js';
import { readsOf } from './support/table-reads.js';
import { TestOtklik } from './support/test-otklik.js';
import { makeWaitingConversations } from './support/waiting-conversations.js';

const BATCH = 200;

describe('the way to due reminders, in a table with 200,000 others and the statistics of an empty one', () => {
  const otklik = new TestOtklik();
  beforeAll(async () => {
    await otklik.start();
    await otklik.database.execute(`
      analyze;
      alter table reminders set (autovacuum_enabled = off);
      alter table conversations set (autovacuum_enabled = off);
      alter table clients set (autovacuum_enabled = off)`);
    await otklik.database.execute(`
      set session_replication_role = replica;
      insert into reminders (id, conversation_id, kind, level, priority, scheduled_at, created_at, sent_at)
      select gen_random_uuid(), uuid_v7(at), 'policy', 1, 'normal', at, at, case when n <= 180000 then at end
        from generate_series(1, 200000) n,
             lateral (select timestamptz '2026-01-15' + n * interval '150 seconds' as at) due;
      set session_replication_role = origin`);
    await makeWaitingConversations(otklik.database, 10 * BATCH, otklik.clock.iso(HOUR));
    otklik.clock.advance(HOUR);
  }, 60_000);
  afterAll(() => otklik.stop());

  it('is one range of the index of what is pending, and from each to its own', async () => {
    await otklik.database.rolledBack(async (query) => {
      const reads = (work: () => Promise<void>) => readsOf(query, work);
      const at = otklik.clock.iso();
      let claimed: { id: string | null }[] = [];
      const claim = await reads(async () => {
        claimed = await query(`select * from ${CLAIM_ROUTINE.name}($1, $2, $3)`, [
          at,
          otklik.clock.iso(MINUTE),
          BATCH,
        ]);
      });
      expect(claimed).toHaveLength(BATCH);
      expect(claim).toEqual({
        sequential: [],
        indexes: {
          ix_reminders_scheduled_cancelled_sent: BATCH,
          pk_reminders: BATCH,
          // for its client and for its priority
          pk_conversations: 2 * BATCH,
        },
      });

      const items = claimed.map((reminder) => ({
        ...reminder,
        repeat_at: otklik.clock.iso(HOUR),
        escalates: true,
      }));
      let sent: { outcome: string | null }[] = [];
      const send = await reads(async () => {
        sent = await query(`select * from ${SEND_ROUTINE.name}($1, $2, null)`, [JSON.stringify(items), at]);
      });
      expect(sent.filter(({ outcome }) => outcome === 'sent')).toHaveLength(BATCH);
      expect(send.sequential).toEqual([]);
      expect(Object.keys(send.indexes).toSorted()).toEqual([
        'ix_reminders_conversation_scheduled',
        'pk_clients',
        'pk_conversations',
        'pk_reminders',
        'ux_escalations_conversation_open',
      ]);
      // Those of conversations: for the decision, the event, the status, and foreign keys.
      expect(Math.max(...Object.values(send.indexes))).toBeLessThanOrEqual(6 * BATCH);

      // The last claim, which finds less than it may take, also looks for what is due next.
      const last = await reads(async () => {
        claimed = await query(`select * from ${CLAIM_ROUTINE.name}($1, $2, $3)`, [
          at,
          otklik.clock.iso(MINUTE),
          20 * BATCH,
        ]);
      });
      expect(claimed).toHaveLength(9 * BATCH + 1);
      expect(last.sequential).toEqual([]);
      expect(last.indexes.ix_reminders_scheduled_cancelled_sent).toBeLessThan(30 * BATCH);
    });
  });
});
