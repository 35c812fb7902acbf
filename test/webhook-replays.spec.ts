import { randomUUID } from 'node:crypto';
import type { ReplayView } from '../src/webhooks/replay.schemas.js';
import { WebhookReplays } from '../src/webhooks/webhook-replays.js';
import {
  deliveriesOf,
  makeDelivery,
  makeEvent,
  makeWebhook,
  type StoredDelivery,
} from './support/deliveries.js';
import { eventually } from './support/eventually.js';
import { DAY, HOUR, MINUTE, SECOND } from './support/settable-clock.js';
import { TestOtklik } from './support/test-otklik.js';

const NOBODY = '019aa5c6-0000-7000-8000-000000000000';
const BATCH = 10;
const env = { WEBHOOK_REPLAY_BATCH_SIZE: String(BATCH) };

describe('a replay', () => {
  const otklik = new TestOtklik({ env });
  const beside = new TestOtklik({ env, beside: otklik });
  beforeAll(async () => {
    await otklik.start();
    await beside.start();
  });
  afterAll(async () => {
    await beside.stop();
    await otklik.stop();
  });
  // A range of time of its own for each.
  beforeEach(() => otklik.clock.advance(DAY));

  const STOPPED = AbortSignal.abort();
  const run = (stopping?: AbortSignal, where = otklik) => where.part(WebhookReplays).run(stopping);

  /** An event that happened so long ago. */
  const event = (ago: number, more: Partial<Parameters<typeof makeEvent>[1]> = {}) =>
    makeEvent(otklik.database, { at: otklik.clock.iso(-ago), ...more });

  /** Events a second after the other, the last one a second ago. */
  async function events(
    count: number,
    more: Partial<Parameters<typeof makeEvent>[1]> = {},
  ): Promise<string[]> {
    const made: string[] = [];
    for (let index = count; index > 0; index--) made.push(await event(index * SECOND, more));
    return made;
  }

  async function replay(
    webhookId: string,
    body: Readonly<Record<string, unknown>> = {},
  ): Promise<ReplayView> {
    const wish = { since: otklik.clock.iso(-HOUR), ...body };
    const answer = await otklik.api.post<ReplayView>(`/api/webhooks/${webhookId}/replay`, wish);
    if (answer.status !== 202) throw new Error(`It was refused: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  const seen = async ({ webhookId, id }: ReplayView) =>
    (await otklik.api.get<ReplayView>(`/api/webhooks/${webhookId}/replays/${id}`)).body;

  const byEvent = async (webhookId: string) =>
    new Map((await deliveriesOf(otklik.database, webhookId)).map((row) => [row.eventId, row]));

  const isDueNow = (delivery: StoredDelivery | undefined) =>
    delivery?.outcome === null && (delivery.nextAttemptAt as Date).getTime() === otklik.clock.now();

  it('has what is over sent once more, makes what is missing, and leaves what is pending', async () => {
    const webhookId = await makeWebhook(otklik.database);
    const [early, delivered, dead, pending, leased, missing, late] = [
      await event(2 * HOUR),
      await event(50 * MINUTE),
      await event(40 * MINUTE),
      await event(30 * MINUTE),
      await event(20 * MINUTE),
      await event(10 * MINUTE),
      await event(0),
    ];
    await makeDelivery(otklik.database, webhookId, early, { outcome: 'dead' });
    await makeDelivery(otklik.database, webhookId, delivered, { outcome: 'delivered' });
    await makeDelivery(otklik.database, webhookId, dead, { outcome: 'dead', attempts: 11 });
    await makeDelivery(otklik.database, webhookId, pending, { nextAttemptAt: otklik.clock.iso(HOUR) });
    await makeDelivery(otklik.database, webhookId, leased, { leasedUntil: otklik.clock.iso(MINUTE) });
    await makeDelivery(otklik.database, webhookId, late, { outcome: 'failed' });
    const before = await byEvent(webhookId);

    const begun = await replay(webhookId);
    expect(begun).toEqual({
      id: expect.any(String),
      webhookId,
      status: 'running',
      since: otklik.clock.iso(-HOUR),
      until: otklik.clock.iso(),
      eventTypes: null,
      onlyFailed: false,
      replayed: 0,
      progress: 0,
      createdAt: otklik.clock.iso(),
      finishedAt: null,
    });
    expect(await run()).toEqual({ handled: 3 });
    expect(await seen(begun)).toEqual({
      ...begun,
      status: 'finished',
      replayed: 3,
      progress: 1,
      finishedAt: otklik.clock.iso(),
    });
    const after = await byEvent(webhookId);
    for (const left of [early, pending, leased, late]) expect(after.get(left)).toEqual(before.get(left));
    for (const again of [delivered, dead, missing]) expect(isDueNow(after.get(again))).toBe(true);
    expect(after.get(dead)).toMatchObject({ attempts: 11, tries: 0, finishedAt: null });
    expect(await run()).toEqual({ handled: 0 });
  });

  it('is of what the webhook subscribed to, and of the types that were asked for', async () => {
    const webhookId = await makeWebhook(otklik.database, { eventTypes: ['message.*', 'reminder.due'] });
    const [replied, due] = [
      await event(SECOND, { type: 'message.replied' }),
      await event(SECOND, { type: 'reminder.due' }),
      await event(SECOND, { type: 'conversation.closed' }),
      await event(SECOND, { type: 'message.received' }),
    ];
    await replay(webhookId, { eventTypes: ['reminder.*', 'message.replied', 'conversation.closed'] });
    await run();
    expect([...(await byEvent(webhookId)).keys()].toSorted()).toEqual([replied, due].toSorted());
  });

  it('leaves out tests of webhooks, and that the webhook itself was disabled', async () => {
    const [webhookId, other] = [await makeWebhook(otklik.database), await makeWebhook(otklik.database)];
    const disabled = (id: string) => ({
      type: 'webhook.disabled',
      data: JSON.stringify({
        webhookId: id,
        url: 'https://shop.example.com/otklik',
        reason: 'gone',
        disabledAt: otklik.clock.iso(-SECOND),
      }),
    });
    const test = await event(SECOND, { type: 'webhook.test' });
    await makeDelivery(otklik.database, webhookId, test, { outcome: 'failed' });
    await event(SECOND, disabled(webhookId));
    const wanted = await event(SECOND, disabled(other));
    await replay(webhookId);
    await replay(webhookId, { onlyFailed: true });
    expect(await run()).toEqual({ handled: 1 });
    const after = await byEvent(webhookId);
    expect([...after.keys()].toSorted()).toEqual([test, wanted].toSorted());
    expect(after.get(test)?.outcome).toBe('failed');
  });

  it('leaves to the fan-out what is not fanned out yet', async () => {
    const webhookId = await makeWebhook(otklik.database);
    const old = await event(2 * SECOND);
    await event(SECOND, { isFannedOut: false });
    await replay(webhookId);
    await run();
    expect([...(await byEvent(webhookId)).keys()]).toEqual([old]);
  });

  it('only of what failed makes nothing, and repeats nothing that was delivered', async () => {
    const webhookId = await makeWebhook(otklik.database);
    const [failed, dead, delivered, , late] = [
      await event(5 * SECOND),
      await event(4 * SECOND),
      await event(3 * SECOND),
      await event(2 * SECOND),
      await event(SECOND),
    ];
    await makeDelivery(otklik.database, webhookId, failed, { outcome: 'failed' });
    await makeDelivery(otklik.database, webhookId, dead, { outcome: 'dead' });
    await makeDelivery(otklik.database, webhookId, delivered, { outcome: 'delivered' });
    await makeDelivery(otklik.database, webhookId, late, { outcome: 'dead' });
    const begun = await replay(webhookId, { onlyFailed: true, until: otklik.clock.iso(-SECOND) });
    await run();
    expect(await seen(begun)).toMatchObject({ status: 'finished', replayed: 2, onlyFailed: true });
    const after = await byEvent(webhookId);
    expect(after.size).toBe(4);
    expect(isDueNow(after.get(failed)) && isDueNow(after.get(dead))).toBe(true);
    expect([after.get(delivered)?.outcome, after.get(late)?.outcome]).toEqual(['delivered', 'dead']);
  });

  describe('in batches', () => {
    it('goes on where it stopped, says how far it is, and does nothing twice', async () => {
      const webhookId = await makeWebhook(otklik.database);
      const all = await events(4 * BATCH);
      const begun = await replay(webhookId, { since: otklik.clock.iso(-4 * BATCH * SECOND) });
      for (const part of [1, 2]) {
        expect(await run(STOPPED)).toEqual({ handled: BATCH });
        const { progress, ...state } = await seen(begun);
        expect(state).toMatchObject({ status: 'running', replayed: part * BATCH, finishedAt: null });
        expect(progress).toBeCloseTo((part * BATCH - 1) / all.length);
      }
      // What was sent meanwhile is not sent again.
      await otklik.database.query(
        `update deliveries set outcome = 'delivered', finished_at = now() where webhook_id = $1`,
        [webhookId],
      );
      // As after a crash: another process does the rest.
      expect(await run(undefined, beside)).toEqual({ handled: 2 * BATCH });
      expect(await seen(begun)).toMatchObject({ status: 'finished', replayed: 4 * BATCH });
      const after = await deliveriesOf(otklik.database, webhookId);
      expect(after.map(({ eventId }) => eventId).toSorted()).toEqual(all.toSorted());
      expect(after.filter(({ outcome }) => outcome === 'delivered')).toHaveLength(2 * BATCH);
    });

    it('takes its turn: a long one does not keep a short one waiting', async () => {
      const [long, short] = [await makeWebhook(otklik.database), await makeWebhook(otklik.database)];
      await events(3 * BATCH);
      await replay(long);
      const second = await replay(short, { since: otklik.clock.iso(-BATCH * SECOND) });
      const order: string[] = [];
      await otklik.database.execute(`create table turns (webhook_id uuid);
        create function turn() returns trigger language plpgsql as $$
          begin insert into turns values (new.webhook_id); return null; end $$;
        create trigger turn after update on webhook_replays for each row execute function turn()`);
      try {
        await run();
        const turns = await otklik.database.query<{ webhook_id: string }>('select webhook_id from turns');
        order.push(...turns.map((turn) => turn.webhook_id));
      } finally {
        await otklik.database.execute(
          'drop trigger turn on webhook_replays; drop function turn; drop table turns',
        );
      }
      expect(order.slice(0, 4)).toEqual([long, short, long, short]);
      expect(await seen(second)).toMatchObject({ status: 'finished', replayed: BATCH });
    });

    it('loses nothing and doubles nothing where its connection is killed in the middle', async () => {
      const webhookId = await makeWebhook(otklik.database, { ordered: true });
      await events(3 * BATCH);
      const begun = await replay(webhookId);
      await run(STOPPED);
      const held = 'select from webhook_states for update';
      await otklik.database.during(held, async () => {
        const broken = expect(run()).rejects.toThrow();
        await otklik.database.untilBlocked(1);
        await otklik.database.query(
          `select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and application_name = 'otklik' and wait_event_type = 'Lock'`,
        );
        await broken;
      });
      expect(await seen(begun)).toMatchObject({ status: 'running', replayed: BATCH });
      expect(await run()).toEqual({ handled: 2 * BATCH });
      expect(await seen(begun)).toMatchObject({ status: 'finished', replayed: 3 * BATCH });
      expect(await deliveriesOf(otklik.database, webhookId)).toHaveLength(3 * BATCH);
    });

    it('is left to the worker that is at it', async () => {
      const webhookId = await makeWebhook(otklik.database);
      await events(2);
      await replay(webhookId);
      const held = 'select from webhook_replays where finished_at is null for update';
      expect(await otklik.database.during(held, () => run())).toEqual({ handled: 0 });
      expect(await deliveriesOf(otklik.database, webhookId)).toEqual([]);
      expect(await run()).toEqual({ handled: 2 });
    });

    it('is done once by several workers', async () => {
      const webhooks = [await makeWebhook(otklik.database), await makeWebhook(otklik.database)];
      await events(5 * BATCH);
      const begun: ReplayView[] = [];
      for (const webhookId of webhooks) begun.push(await replay(webhookId));
      const isOver = async () =>
        (await Promise.all(begun.map(seen))).every(({ status }) => status === 'finished');
      let handled = 0;
      while (!(await isOver())) {
        const runs = await Promise.all(
          [otklik, beside, otklik, beside].map((where) => run(undefined, where)),
        );
        for (const part of runs) handled += part.handled;
      }
      expect(handled).toBe(10 * BATCH);
      for (const one of begun) expect((await seen(one)).replayed).toBe(5 * BATCH);
    });

    it('has one of a conversation due where the webhook is ordered, the earliest, over all batches', async () => {
      const webhookId = await makeWebhook(otklik.database, { ordered: true });
      const conversations = [randomUUID(), randomUUID()];
      const all: string[] = [];
      for (let index = 3 * BATCH; index > 0; index--) {
        all.push(await event(index * SECOND, { conversationId: conversations[index % 2] as string }));
      }
      const alone = await event(SECOND);
      // The last of the first conversation waits already, and so far it would have been the next.
      const waiting = all.at(-1) ?? '';
      await makeDelivery(otklik.database, webhookId, waiting, { isOrdered: true });
      await replay(webhookId);
      expect(await run()).toEqual({ handled: 3 * BATCH });
      const due = (await deliveriesOf(otklik.database, webhookId)).filter(
        ({ nextAttemptAt }) => typeof nextAttemptAt !== 'number',
      );
      expect(due.map(({ eventId }) => eventId)).toEqual([all[0], all[1], alone]);
    });
  });

  it('waits while the webhook is disabled, and is refused then', async () => {
    const webhookId = await makeWebhook(otklik.database);
    await events(2);
    const begun = await replay(webhookId);
    await otklik.database.query('update webhooks set enabled = false where id = $1', [webhookId]);
    expect(await run()).toEqual({ handled: 0 });
    expect(await seen(begun)).toMatchObject({ status: 'running', replayed: 0 });
    const { status, body } = await otklik.api.post(`/api/webhooks/${webhookId}/replay`, {
      since: otklik.clock.iso(-HOUR),
    });
    expect([status, body]).toEqual([409, expect.objectContaining({ code: 'webhook_disabled' })]);
    await otklik.database.query('update webhooks set enabled = true where id = $1', [webhookId]);
    expect(await run()).toEqual({ handled: 2 });
  });

  it('ends with its webhook', async () => {
    const webhookId = await makeWebhook(otklik.database);
    await events(2);
    const begun = await replay(webhookId);
    await otklik.database.query('delete from webhooks where id = $1', [webhookId]);
    expect(await run()).toEqual({ handled: 0 });
    expect(await seen(begun)).toMatchObject({ code: 'replay_not_found' });
  });

  it('is listed with the others of its webhook, newest first', async () => {
    const [webhookId, other] = [await makeWebhook(otklik.database), await makeWebhook(otklik.database)];
    const begun: ReplayView[] = [];
    for (const type of ['message.received', 'message.replied', 'reminder.due'])
      begun.push(await replay(webhookId, { eventTypes: [type] }));
    const path = `/api/webhooks/${webhookId}/replays`;
    expect(await otklik.api.all<ReplayView>(`${path}?limit=2`)).toEqual(begun.toReversed());
    expect((await otklik.api.get(`/api/webhooks/${other}/replays`)).body).toEqual({
      data: [],
      nextCursor: null,
    });
    expect((await otklik.api.get(`/api/webhooks/${NOBODY}/replays`)).status).toBe(404);
    const [first] = begun;
    expect((await otklik.api.get(`/api/webhooks/${other}/replays/${first?.id}`)).status).toBe(404);
    await run();
  });

  it.each<[what: string, body: () => object, path: string, message: RegExp]>([
    ['nothing since when', () => ({}), 'since', /./],
    ['a since in the future', () => ({ since: otklik.clock.iso(1) }), 'since', /must not be in the future/],
    [
      'an until in the future',
      () => ({ since: otklik.clock.iso(-1), until: otklik.clock.iso(1) }),
      'until',
      /must not be in the future: it is 20/,
    ],
    [
      'a since after the until',
      () => ({ since: otklik.clock.iso(-1), until: otklik.clock.iso(-2) }),
      'since',
      /must be before `until`/,
    ],
    ['an empty range', () => ({ since: otklik.clock.iso() }), 'since', /must be before `until`/],
    ['a time without a zone', () => ({ since: '2026-11-20T09:00:00' }), 'since', /./],
    ['a day that there is not', () => ({ since: '2026-02-30T09:00:00Z' }), 'since', /./],
    [
      'a type that there is not',
      () => ({ since: otklik.clock.iso(-1), eventTypes: ['message.lost'] }),
      'eventTypes.0',
      /must be an event type, one of message.received/,
    ],
    ['no type at all', () => ({ since: otklik.clock.iso(-1), eventTypes: [] }), 'eventTypes', /./],
    ['a word for a truth', () => ({ since: otklik.clock.iso(-1), onlyFailed: 'yes' }), 'onlyFailed', /./],
    ['what is not known', () => ({ since: otklik.clock.iso(-1), speed: 9 }), 'speed', /./],
  ])('is refused for %s', async (_, body, path, message) => {
    const webhookId = await makeWebhook(otklik.database);
    const refused = await otklik.api.refused('POST', `/api/webhooks/${webhookId}/replay`, {
      body: JSON.stringify(body()),
      headers: { 'content-type': 'application/json' },
    });
    expect(refused.status).toBe(400);
    expect(refused.body.errors).toEqual([{ path, message: expect.stringMatching(message) }]);
  });

  it('may begin with the beginning of times, and is of no webhook that is not there', async () => {
    const webhookId = await makeWebhook(otklik.database, { eventTypes: ['reminder.cancelled'] });
    const begun = await replay(webhookId, { since: '0001-01-01T00:00:00Z' });
    await run();
    expect(await seen(begun)).toMatchObject({ status: 'finished', replayed: 0, progress: 1 });
    const body = { since: otklik.clock.iso(-HOUR) };
    expect((await otklik.api.post(`/api/webhooks/${NOBODY}/replay`, body)).status).toBe(404);
  });
});

describe('a replay in the background', () => {
  const worker = new TestOtklik({ env: { ...env, ROLES: 'api,worker' } });
  const api = new TestOtklik({ beside: worker });
  beforeAll(async () => {
    await worker.start();
    await api.start();
  });
  afterAll(async () => {
    await api.stop();
    await worker.stop();
  });

  it.each([
    ['worker', worker],
    ['api', api],
  ])('begins when it is asked for, at a process with the role %s', async (_, asked) => {
    const webhookId = await makeWebhook(worker.database);
    for (let index = 0; index < 2 * BATCH; index++)
      await makeEvent(worker.database, { at: worker.clock.iso(-SECOND) });
    const path = `/api/webhooks/${webhookId}/replay`;
    const { body } = await asked.api.post<ReplayView>(path, { since: worker.clock.iso(-SECOND) });
    const over = await eventually(
      async () => (await api.api.get<ReplayView>(`${path}s/${body.id}`)).body,
      ({ status }) => status === 'finished',
    );
    expect(over.replayed).toBe((await deliveriesOf(worker.database, webhookId)).length);
    expect(over.replayed).toBeGreaterThanOrEqual(2 * BATCH);
  });
});
