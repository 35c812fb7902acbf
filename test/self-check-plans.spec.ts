import type { DataSource } from 'typeorm';
import { FaultRepository, type WalkPosition, type WalkStep } from '../src/self-check/fault.repository.js';
import { DAY } from './support/settable-clock.js';
import { type Reads, readsOf } from './support/table-reads.js';
import { TestOtklik } from './support/test-otklik.js';

const BATCH = 500;
const STEPS = 3;

type Find = (faults: FaultRepository, after: WalkPosition | undefined) => Promise<WalkStep>;

describe.each(['old', 'fresh'])(
  'the way of the self-check, beside a long history, with %s statistics',
  (age) => {
    const otklik = new TestOtklik();
    beforeAll(async () => {
      await otklik.start();
      // 100,000 conversations were answered and closed; 4,000 wait, every tenth of them in the queue.
      await otklik.database.execute(`
      analyze;
      alter table conversations set (autovacuum_enabled = off);
      alter table reminders set (autovacuum_enabled = off);
      alter table escalations set (autovacuum_enabled = off);
      set session_replication_role = replica;
      insert into conversations
             (id, client_id, status, priority, channel, opened_at, last_activity_at, waiting_since, closed_at)
      select gen_random_uuid(), 'client-' || n, case when n <= 100000 then 'closed' else 'open' end::conversation_status,
             'normal', 'api', at, at, case when n > 100000 then at end, case when n <= 100000 then at end
        from generate_series(1, 104000) n,
             lateral (select timestamptz '2026-01-01' + n * interval '1 second' as at) opened;
      insert into reminders (id, conversation_id, kind, level, priority, scheduled_at, created_at, sent_at)
      select gen_random_uuid(), id, 'policy', level, 'normal', opened_at + level * interval '1 hour', opened_at,
             case when status = 'closed' or level < 3 then opened_at end
        from conversations, generate_series(1, 3) level;
      insert into escalations (id, conversation_id, priority, reason, created_at, resolved_at, resolution)
      select gen_random_uuid(), id, 'normal', 'policy', opened_at,
             case when status = 'closed' then opened_at end, case when status = 'closed' then 'replied' end
        from conversations where status = 'closed' or random() < 0.1;
      set session_replication_role = origin`);
      if (age === 'fresh')
        await otklik.database.execute('vacuum analyze conversations, reminders, escalations');
    }, 60_000);
    afterAll(() => otklik.stop());

    const now = () => new Date(otklik.clock.now());

    it.each<[what: string, index: string, find: Find]>([
      [
        'forgotten conversations',
        'ix_conversations_status_activity',
        (faults, after) => faults.forgottenConversations(after, BATCH),
      ],
      [
        'reminders of closed ones',
        'ix_reminders_scheduled_cancelled_sent',
        (faults, after) => faults.remindersOfClosed(after, BATCH),
      ],
      [
        'stuck leases',
        'ix_reminders_scheduled_cancelled_sent',
        (faults, after) => faults.stuckLeases(now(), new Date(otklik.clock.now() + DAY), after, BATCH),
      ],
      [
        'abandoned claims',
        'ux_escalations_conversation_open',
        (faults, after) => faults.abandonedClaims(after, BATCH / 5),
      ],
      [
        'escalations of closed ones',
        'ux_escalations_conversation_open',
        (faults, after) => faults.escalatedAndClosed(after, BATCH / 5),
      ],
    ])('to %s is one range of an index, and from each to its own', async (_, index, find) => {
      await otklik.database.rolledBack(async (query) => {
        const faults = new FaultRepository({
          transaction: (work: (tx: object) => unknown) => work({ query }),
        } as unknown as DataSource);
        let after: WalkPosition | undefined;
        const reads: Reads = await readsOf(query, async () => {
          for (let step = 0; step < STEPS; step++) {
            const { faults: found, next } = await find(faults, after);
            expect(found).toEqual([]);
            expect(next).toBeDefined();
            after = next;
          }
        });
        expect(reads.sequential).toEqual([]);
        expect(Object.keys(reads.indexes)).toContain(index);
        // Each of three reminders, where they are looked at, is an entry.
        expect(Math.max(...Object.values(reads.indexes))).toBeLessThanOrEqual(3 * STEPS * BATCH + 10);
      });
    });
  },
);
