import { loadConfig } from '../src/config/config.js';
import type { RoutineCalls } from '../src/database/routine-calls.js';
import type { Routine } from '../src/database/routines.js';
import { Observations } from '../src/observations/observations.js';
import { type ClaimedDelivery, DeliveryQueue } from '../src/webhooks/dispatch/delivery-queue.js';
import { FanOutRepository } from '../src/webhooks/dispatch/fan-out.repository.js';
import { CapturedLog } from './support/captured-log.js';
import { readsOf } from './support/table-reads.js';
import { TestOtklik } from './support/test-otklik.js';

const ENDPOINTS = 20;
const CAPACITY = 100;
/** What a claim reads for an endpoint besides the deliveries that it gives: itself, its state, its first due one. */
const FOR_EACH_ENDPOINT = 6;

describe.each(['old', 'fresh'])(
  'the way of a delivery, beside a long history and a long queue, with %s statistics',
  (age) => {
    const otklik = new TestOtklik();
    beforeAll(async () => {
      await otklik.start();
      // Each of 20 endpoints has 10,000 behind it and 5,000 due; the first has 50,000 due.
      await otklik.database.execute(`
      analyze;
      alter table events set (autovacuum_enabled = off);
      alter table deliveries set (autovacuum_enabled = off);
      alter table webhook_states set (autovacuum_enabled = off);
      set session_replication_role = replica;
      insert into webhooks (id, url, created_at, updated_at)
      select gen_random_uuid(), 'https://shop.example.com', '2026-10-01', '2026-10-01' from generate_series(1, ${ENDPOINTS});
      insert into webhook_states (webhook_id) select id from webhooks;
      insert into events (id, type, conversation_id, occurred_at, data)
      select uuid_v7(at), 'message.received', gen_random_uuid(), at, '{}'
        from generate_series(1, 60000) n,
             lateral (select timestamptz '2026-10-01' + n * interval '1 second' as at) happened;
      update event_fan_out set position = 59000;
      insert into deliveries
             (id, webhook_id, event_id, event_position, event_type, created_at, next_attempt_at, attempts, outcome, finished_at)
      select gen_random_uuid(), webhook.id, event.id, event.position, event.type, occurred_at, occurred_at, 0,
             case when position <= 10000 then 'delivered'::delivery_outcome end,
             case when position <= 10000 then occurred_at end
        from events event,
             lateral (select id, row_number() over (order by id) as place from webhooks) webhook
       where position <= 15000 or place = 1;
      set session_replication_role = origin`);
      if (age === 'fresh') {
        await otklik.database.execute('vacuum analyze events, deliveries, webhooks, webhook_states');
      }
    }, 120_000);
    afterAll(() => otklik.stop());

    /** Does the work in a transaction that is rolled back, and says what it read. */
    const reads = (work: (calls: RoutineCalls) => Promise<unknown>) =>
      otklik.database.rolledBack(async (query) => {
        const call = ({ name }: Routine, values: readonly unknown[]) =>
          query(`select * from ${name}(${values.map((_, index) => `$${index + 1}`).join()})`, values);
        return readsOf(query, () => work({ call } as unknown as RoutineCalls));
      });

    const queue = (calls: RoutineCalls) => new DeliveryQueue(calls, loadConfig({}));
    const now = () => otklik.clock.now();

    it('is claimed along the index of what is due, endpoint by endpoint', async () => {
      const { sequential, indexes } = await reads(async (calls) => {
        const { deliveries } = await queue(calls).claim(now(), CAPACITY, CAPACITY, new Map());
        expect(deliveries).toHaveLength(CAPACITY);
        expect(new Set(deliveries.map(({ webhookId }) => webhookId)).size).toBe(ENDPOINTS);
      });
      expect(sequential).toEqual([]);
      expect(indexes.ix_deliveries_due).toBeLessThanOrEqual(CAPACITY + FOR_EACH_ENDPOINT * ENDPOINTS);
      expect(Math.max(...Object.values(indexes))).toBeLessThanOrEqual(
        2 * CAPACITY + FOR_EACH_ENDPOINT * ENDPOINTS,
      );
    });

    it('is recorded from each to its own', async () => {
      let claimed: readonly ClaimedDelivery[] = [];
      const { sequential, indexes } = await reads(async (calls) => {
        claimed = (await queue(calls).claim(now(), CAPACITY, CAPACITY, new Map())).deliveries;
        await queue(calls).record(
          claimed.map((delivery) => ({
            delivery,
            outcome: 'delivered',
            nextAttemptAt: undefined,
            counts: true,
            isFailure: false,
            pauseUntil: undefined,
            result: {
              startedAt: now(),
              duration: 1,
              address: '192.0.2.1',
              requestHeaders: {},
              status: 204,
              responseHeaders: {},
              bodyExcerpt: '',
              verdict: 'delivered',
              errorClass: null,
              error: null,
              retryAfter: null,
              isOverloaded: false,
            },
          })),
          now(),
        );
      });
      expect(sequential).toEqual([]);
      expect(Math.max(...Object.values(indexes))).toBeLessThanOrEqual(
        7 * CAPACITY + 2 * FOR_EACH_ENDPOINT * ENDPOINTS,
      );
    });

    it('is made of an event along the positions', async () => {
      const { sequential, indexes } = await reads(async (calls) => {
        const fannedOut = await new FanOutRepository(calls, new Observations(new CapturedLog().log)).next(
          now(),
          CAPACITY,
          0,
        );
        expect(fannedOut).toMatchObject({ events: CAPACITY });
      });
      // The one has one row; of the other every row is wanted.
      expect(sequential.sort()).toEqual(['event_fan_out', 'webhooks']);
      expect(indexes.pk_events).toBeLessThanOrEqual(3 * CAPACITY);
    });
  },
);
