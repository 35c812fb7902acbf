import type { DeliveryDetailsView, DeliveryView } from '../src/webhooks/delivery.schemas.js';
import { WebhookCleanup } from '../src/webhooks/webhook-cleanup.js';
import { WebhookReplays } from '../src/webhooks/webhook-replays.js';
import { clearKind } from './support/clear-kind.js';
import { deliveriesOf, makeAttempts, makeDelivery, makeEvent, makeWebhook } from './support/deliveries.js';
import { DAY, SECOND } from './support/settable-clock.js';
import { TestOtklik } from './support/test-otklik.js';

const BATCH = 10;

describe('the clean-up of deliveries', () => {
  const otklik = new TestOtklik({
    env: { WEBHOOK_RETENTION: 'P30D', WEBHOOK_DISABLED_RETENTION: 'P7D', CLEANUP_BATCH_SIZE: String(BATCH) },
  });
  beforeAll(() => otklik.start());
  afterAll(() => otklik.stop());
  // What a spec left is too young for the next one.
  beforeEach(async () => {
    await otklik.database.query('delete from webhooks');
    otklik.clock.advance(DAY);
  });

  const clear = (batches?: number) => clearKind(otklik, 'deliveries', batches);

  /** A delivery that was made, and is over, if it is, so many milliseconds ago. */
  async function delivery(webhookId: string, ago: number, isPending = false): Promise<string> {
    const at = otklik.clock.iso(-ago);
    const eventId = await makeEvent(otklik.database, { at });
    const state = isPending ? { createdAt: at } : { createdAt: at, outcome: 'delivered' as const };
    return makeDelivery(otklik.database, webhookId, eventId, state);
  }

  const left = async (webhookId: string) =>
    (await deliveriesOf(otklik.database, webhookId)).map(({ id }) => id).toSorted();

  it('deletes what is over since WEBHOOK_RETENTION, with its attempts, in batches', async () => {
    const webhookId = await makeWebhook(otklik.database);
    const old: string[] = [];
    for (let index = 0; index < 2 * BATCH + 1; index++)
      old.push(await delivery(webhookId, 30 * DAY + SECOND));
    const [first = ''] = old;
    await makeAttempts(otklik.database, first, 3);
    const young = await delivery(webhookId, 30 * DAY - SECOND);
    await makeAttempts(otklik.database, young, 1);
    expect(await clear(1)).toBe(BATCH);
    expect(await clear()).toBe(BATCH + 1);
    expect(await left(webhookId)).toEqual([young]);
    expect(await otklik.database.query('select delivery_id from attempts')).toEqual([{ delivery_id: young }]);
  });

  it('keeps what is pending, however old, and what was sent once more; once they are over, they go too', async () => {
    const webhookId = await makeWebhook(otklik.database);
    const pending = await delivery(webhookId, 40 * DAY, true);
    const again = await delivery(webhookId, 40 * DAY);
    await otklik.database.query('update deliveries set finished_at = $2 where id = $1', [
      again,
      otklik.clock.iso(-DAY),
    ]);
    const old = await delivery(webhookId, 39 * DAY);
    expect(await clear()).toBe(1);
    expect(await left(webhookId)).toEqual([pending, again].toSorted());
    expect(await left(webhookId)).not.toContain(old);

    await otklik.database.query(`update deliveries set outcome = 'dead', finished_at = $1`, [
      otklik.clock.iso(-31 * DAY),
    ]);
    // Not before a new round begins: until then a run goes on where the one before ended.
    expect(await clear()).toBe(0);
    otklik.clock.advance(DAY);
    expect(await clear()).toBe(2);
  });

  it('passes over what somebody has sent once more at this moment', async () => {
    const webhookId = await makeWebhook(otklik.database);
    const old = await delivery(webhookId, 40 * DAY);
    const again = 'update deliveries set outcome = null, finished_at = null';
    expect(await otklik.database.during(again, () => clear())).toBe(0);
    expect(await left(webhookId)).toEqual([old]);
  });

  it('deletes replays that are over for as long, and none that goes on', async () => {
    const webhookId = await makeWebhook(otklik.database);
    await otklik.database.query(
      `insert into webhook_replays (id, webhook_id, since, until, only_failed, created_at, finished_at)
       select uuid_v7(made), $1, made, made, false, made, finished
         from unnest($2::timestamptz[], $3::timestamptz[]) as replay (made, finished)`,
      [
        webhookId,
        [otklik.clock.iso(-31 * DAY), otklik.clock.iso(-32 * DAY), otklik.clock.iso(-31 * DAY)],
        [otklik.clock.iso(-31 * DAY), null, otklik.clock.iso(-DAY)],
      ],
    );
    expect(await clearKind(otklik, 'webhook_replays')).toBe(1);
    const rows = await otklik.database.query(
      'select finished_at as "finishedAt" from webhook_replays order by id',
    );
    expect(rows).toEqual([{ finishedAt: null }, { finishedAt: new Date(otklik.clock.now() - DAY) }]);
  });

  describe('where an endpoint stays disabled', () => {
    const run = (stopping?: AbortSignal) => otklik.part(WebhookCleanup).run(stopping);
    const disabledFor = (webhookId: string, time: number) =>
      otklik.database.query(`update webhooks set enabled = false, disabled_at = $2 where id = $1`, [
        webhookId,
        otklik.clock.iso(-time),
      ]);
    const outcomes = async (webhookId: string) =>
      (await deliveriesOf(otklik.database, webhookId)).map(({ outcome }) => outcome);

    it('gives up what waits for it after WEBHOOK_DISABLED_RETENTION, and says so', async () => {
      const [webhookId, recent, enabled] = [
        await makeWebhook(otklik.database),
        await makeWebhook(otklik.database),
        await makeWebhook(otklik.database),
      ];
      const [tried = ''] = [await delivery(webhookId, 8 * DAY, true)];
      await makeAttempts(otklik.database, tried, 2);
      await otklik.database.query('update deliveries set attempts = 2 where id = $1', [tried]);
      for (let index = 0; index < BATCH; index++) await delivery(webhookId, 8 * DAY, true);
      const others = [await delivery(recent, 8 * DAY, true), await delivery(enabled, 8 * DAY, true)];
      await disabledFor(webhookId, 7 * DAY);
      await disabledFor(recent, 7 * DAY - SECOND);
      otklik.log.clear();

      expect(await run()).toEqual({ handled: BATCH + 1 });
      expect(await run()).toEqual({ handled: 0 });
      expect([...(await outcomes(recent)), ...(await outcomes(enabled))]).toEqual([null, null]);
      expect(others).toHaveLength(2);
      const { body } = await otklik.api.get<DeliveryDetailsView>(`/api/deliveries/${tried}`);
      expect(body).toMatchObject({
        status: 'dead',
        attemptCount: 3,
        nextAttemptAt: null,
        finishedAt: otklik.clock.iso(),
        lastAttempt: { status: null, errorClass: 'endpoint_disabled' },
      });
      expect(body.attempts.map(({ number }) => number)).toEqual([1, 2, 3]);
      expect(body.lastAttempt?.error).toContain(otklik.clock.iso(-7 * DAY));
      expect(body.lastAttempt?.error).toContain('WEBHOOK_DISABLED_RETENTION');
      expect(await otklik.api.all(`/api/webhooks/${webhookId}/deliveries?status=dead`)).toHaveLength(
        BATCH + 1,
      );
      expect(otklik.log.entries((entry) => entry.webhookId === webhookId)).toMatchObject([
        { level: 'warn', deliveries: BATCH + 1 },
      ]);
      expect(
        await otklik.database.query(
          `select sum(amount)::int as count from statistics_tallies where measure = 'webhooks.deliveries' and label = 'dead'`,
        ),
      ).toEqual([{ count: BATCH + 1 }]);
    });

    it('sends what was given up again once somebody wants it', async () => {
      const webhookId = await makeWebhook(otklik.database);
      const given = await delivery(webhookId, 8 * DAY, true);
      const other = await delivery(webhookId, 8 * DAY, true);
      await disabledFor(webhookId, 8 * DAY);
      await run();
      const again = () => otklik.api.post<DeliveryView>(`/api/deliveries/${given}/redeliver`, {});
      expect((await again()).status).toBe(409);
      await otklik.database.query('update webhook_states set blocked_until = null where webhook_id = $1', [
        webhookId,
      ]);
      await otklik.api.post(`/api/webhooks/${webhookId}/enable`, {});
      expect((await again()).body).toMatchObject({ status: 'pending', nextAttemptAt: otklik.clock.iso() });
      const since = otklik.clock.iso(-9 * DAY);
      await otklik.api.post(`/api/webhooks/${webhookId}/replay`, { since, onlyFailed: true });
      await otklik.part(WebhookReplays).run();
      expect(await outcomes(webhookId)).toEqual([null, null]);
      expect(await left(webhookId)).toEqual([given, other].toSorted());
    });

    it('leaves none held back behind nothing, where it is enabled half-way', async () => {
      const webhookId = await makeWebhook(otklik.database, { ordered: true });
      const conversationId = '019aa5c6-7b41-7a02-8c11-000000000001';
      for (let index = 0; index < BATCH + 5; index++) {
        const at = otklik.clock.iso(-8 * DAY);
        const eventId = await makeEvent(otklik.database, { at, conversationId });
        const heldBack = { nextAttemptAt: 'infinity' };
        await makeDelivery(otklik.database, webhookId, eventId, {
          isOrdered: true,
          ...(index > 0 && heldBack),
        });
      }
      await disabledFor(webhookId, 8 * DAY);
      expect(await run(AbortSignal.abort())).toEqual({ handled: BATCH });
      expect(await outcomes(webhookId)).toEqual([...Array(5).fill(null), ...Array(BATCH).fill('dead')]);
    });
  });
});
