import { BEGINNING, CLOSE_IDLE_ROUTINE } from '../src/conversations/idle-conversation.repository.js';
import { DAY, HOUR } from './support/settable-clock.js';
import { type Reads, readsOf } from './support/table-reads.js';
import { TestOtklik } from './support/test-otklik.js';

const BATCH = 200;

describe('the way to idle conversations, beside 200,000 closed and many that wait, with old statistics', () => {
  const otklik = new TestOtklik();
  beforeAll(async () => {
    await otklik.start();
    await otklik.database.execute(`
      analyze;
      alter table conversations set (autovacuum_enabled = off);
      set session_replication_role = replica;
      insert into clients (id, first_seen_at, last_seen_at)
      select 'client-' || n, '2026-01-01', '2026-01-01' from generate_series(1, 1000) n;
      insert into conversations
             (id, client_id, status, priority, channel, opened_at, last_activity_at, waiting_since, closed_at)
      select gen_random_uuid(), 'client-' || (case when n > 200000 then n - 200000 else n % 1000 + 1 end),
             case when n <= 200000 then 'closed' else 'open' end::conversation_status, 'normal', 'api', at, at,
             case when n > 200500 then at end, case when n <= 200000 then at end
        from generate_series(1, 201000) n,
             lateral (select timestamptz '2026-01-01' + n * interval '1 second' as at) opened;
      set session_replication_role = origin`);
  }, 60_000);
  afterAll(() => otklik.stop());

  it('is one range of the index of what is idle, and from each to its own', async () => {
    await otklik.database.rolledBack(async (query) => {
      let seen: { seen: number; closed: number }[] = [];
      const close = (idleBefore: string): Promise<Reads> =>
        readsOf(query, async () => {
          seen = await query(`select * from ${CLOSE_IDLE_ROUTINE.name}($1, 'normal', $2, $3, $4, $5, null)`, [
            otklik.clock.iso(),
            idleBefore,
            BEGINNING.activity,
            BEGINNING.id,
            BATCH,
          ]);
        });
      const reads = await close(otklik.clock.iso(-DAY));
      expect(seen).toMatchObject([{ seen: BATCH, closed: BATCH }]);
      expect(reads.sequential).toEqual([]);
      expect(reads.indexes.ix_conversations_idle).toBe(BATCH);
      expect(Math.max(...Object.values(reads.indexes))).toBeLessThanOrEqual(4 * BATCH);

      const nothing = await close('2025-12-31T00:00:00Z');
      expect(seen).toMatchObject([{ seen: 0, closed: 0 }]);
      expect(nothing.sequential).toEqual([]);
      expect(Math.max(...Object.values(nothing.indexes))).toBe(0);
    });
  });

  it('is the same for the next one to be idle', async () => {
    await otklik.database.rolledBack(async (query) => {
      const reads = await readsOf(query, () =>
        query(
          `select last_activity_at from conversations
            where status <> 'closed' and waiting_since is null and priority = $1 and last_activity_at > $2
            order by last_activity_at, id
            limit 1`,
          ['normal', otklik.clock.iso(-HOUR)],
        ),
      );
      expect(reads).toEqual({ sequential: [], indexes: { ix_conversations_idle: expect.any(Number) } });
    });
  });
});
