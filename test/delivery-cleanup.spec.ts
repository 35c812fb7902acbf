import { DeliveryCleanup } from '../src/webhooks/delivery-cleanup.js';
import { deliveriesOf, makeAttempts, makeDelivery, makeEvent, makeWebhook } from './support/deliveries.js';
import { DAY, SECOND } from './support/settable-clock.js';
import { TestOtklik } from './support/test-otklik.js';

const BATCH = 10;

describe('the clean-up of deliveries', () => {
  const otklik = new TestOtklik({
    env: { WEBHOOK_RETENTION: 'P30D', CLEANUP_BATCH_SIZE: String(BATCH) },
  });
  beforeAll(() => otklik.start());
  afterAll(() => otklik.stop());
  // What a spec left is too young for the next one.
  beforeEach(async () => {
    await otklik.database.query('delete from webhooks');
    otklik.clock.advance(DAY);
  });

  const run = (stopping?: AbortSignal) => otklik.part(DeliveryCleanup).run(stopping);

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
    expect(await run(AbortSignal.abort())).toEqual({ handled: BATCH });
    expect(await run()).toEqual({ handled: BATCH + 1 });
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
    expect(await run()).toEqual({ handled: 1 });
    expect(await left(webhookId)).toEqual([pending, again].toSorted());
    expect(await left(webhookId)).not.toContain(old);

    await otklik.database.query(`update deliveries set outcome = 'dead', finished_at = $1`, [
      otklik.clock.iso(-31 * DAY),
    ]);
    // Not before a new round begins: until then a run goes on where the one before ended.
    expect(await run()).toEqual({ handled: 0 });
    otklik.clock.advance(DAY);
    expect(await run()).toEqual({ handled: 2 });
  });

  it('passes over what somebody has sent once more at this moment', async () => {
    const webhookId = await makeWebhook(otklik.database);
    const old = await delivery(webhookId, 40 * DAY);
    const again = 'update deliveries set outcome = null, finished_at = null';
    const { handled } = await otklik.database.during(again, () => run());
    expect(handled).toBe(0);
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
    expect(await run()).toEqual({ handled: 1 });
    const rows = await otklik.database.query(
      'select finished_at as "finishedAt" from webhook_replays order by id',
    );
    expect(rows).toEqual([{ finishedAt: null }, { finishedAt: new Date(otklik.clock.now() - DAY) }]);
  });
});
