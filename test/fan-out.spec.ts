import { DataSource } from 'typeorm';
import { EventGaps } from '../src/events/event-gaps.js';
import { FanOutRepository } from '../src/webhooks/dispatch/fan-out.repository.js';
import type { EnabledWebhook, WebhookView } from '../src/webhooks/webhook.schemas.js';
import { WebhookDisabling } from '../src/webhooks/webhook-disabling.js';
import { WebhookReplays } from '../src/webhooks/webhook-replays.js';
import { HOUR, MINUTE, SECOND } from './support/settable-clock.js';
import { TestOtklik } from './support/test-otklik.js';
import { webhookRows } from './support/webhook-rows.js';

const LIMIT = 100;

describe('making deliveries of events', () => {
  const otklik = new TestOtklik();
  const rows = webhookRows(otklik);
  beforeAll(() => otklik.start());
  afterAll(() => otklik.stop());
  beforeEach(() =>
    otklik.database.execute(`
      truncate webhooks, events cascade;
      -- what a spec before rolled back is no gap any more
      update event_fan_out set position = (select last_value - 1 + is_called::integer from events_position_seq)`),
  );

  const fanOut = (decided = 0, limit = LIMIT) =>
    otklik.part(FanOutRepository).next(otklik.clock.now(), limit, decided);

  const typesFor = async (webhookId: string) =>
    (await rows.deliveries(webhookId)).map(({ eventType }) => eventType);

  it('gives each endpoint what it subscribed to', async () => {
    const all = await rows.endpoint();
    const family = await rows.endpoint({ eventTypes: ['message.*'] });
    const exact = await rows.endpoint({ eventTypes: ['reminder.due', 'message.replied'] });
    for (const type of ['message.received', 'message.replied', 'reminder.due', 'webhook.test'])
      await rows.events(1, type);

    expect(await fanOut()).toEqual({ events: 4, deliveries: 7, gap: undefined, endpoints: 3 });
    expect(await typesFor(all)).toEqual(['message.received', 'message.replied', 'reminder.due']);
    expect(await typesFor(family)).toEqual(['message.received', 'message.replied']);
    expect(await typesFor(exact)).toEqual(['message.replied', 'reminder.due']);
  });

  it('gives nothing to an endpoint that is disabled, and an enabled one only what came afterwards', async () => {
    const disabled = await rows.endpoint({ enabled: false });
    await rows.events(2);
    expect(await fanOut()).toMatchObject({ events: 2, deliveries: 0, endpoints: 0 });
    const late = await rows.endpoint();
    await rows.events(3);

    await fanOut();
    expect(await rows.deliveries(disabled)).toEqual([]);
    expect(await rows.deliveries(late)).toHaveLength(3);
  });

  it('goes on where it stood, batch by batch', async () => {
    const webhook = await rows.endpoint();
    await rows.events(25);
    for (const events of [10, 10, 5, 0]) expect(await fanOut(0, 10)).toMatchObject({ events });
    expect(await rows.deliveries(webhook)).toHaveLength(25);
  });

  it('is done by one at a time', async () => {
    await rows.endpoint();
    await rows.events(1);
    await otklik.database.during('select from event_fan_out for update', async () => {
      expect(await fanOut()).toBeUndefined();
    });
    expect(await fanOut()).toMatchObject({ deliveries: 1 });
  });

  describe('where a number is missing', () => {
    const unfinished = `insert into events (id, type, occurred_at, data)
                        values (gen_random_uuid(), 'message.triaged', now(), '{}')`;

    it('waits for an event that is committed late, and keeps the order', async () => {
      const webhook = await rows.endpoint();
      const gaps = new EventGaps(otklik.part(DataSource));
      await rows.events(1, 'message.received');
      let before = 0;
      await otklik.database.commitAfter(unfinished, async () => {
        await rows.events(1, 'message.replied');
        const batch = await fanOut();
        expect(batch).toMatchObject({ events: 1, deliveries: 1 });
        const { missing, seen } = batch?.gap ?? { missing: 0, seen: 0 };
        expect(seen).toBe(missing + 1);
        before = missing;
        // However often somebody looks, as long as the transaction goes on nothing is decided.
        for (let looks = 0; looks < 3; looks++) expect(await gaps.decided(missing, seen)).toBeUndefined();
        expect(await fanOut()).toMatchObject({ events: 0, deliveries: 0 });
      });
      expect(before).toBeGreaterThan(0);
      expect(await fanOut()).toEqual({ events: 2, deliveries: 2, gap: undefined, endpoints: 1 });
      expect(await typesFor(webhook)).toEqual(['message.received', 'message.triaged', 'message.replied']);
    });

    it('goes on once it is certain that the event will never come', async () => {
      const webhook = await rows.endpoint();
      const gaps = new EventGaps(otklik.part(DataSource));
      await otklik.database.during(unfinished, () => rows.events(2, 'message.replied'));

      const { gap } = (await fanOut()) ?? {};
      expect(gap).toBeDefined();
      const { missing, seen } = gap ?? { missing: 0, seen: 0 };
      expect(await gaps.decided(missing, seen)).toBeUndefined();
      const decided = await gaps.decided(missing, seen);
      expect(decided).toBe(seen);
      expect(await fanOut(decided)).toMatchObject({ events: 2, deliveries: 2, gap: undefined });
      expect(await rows.deliveries(webhook)).toHaveLength(2);
    });

    it('does not take a later writer for one that may still fill the gap', async () => {
      await rows.endpoint();
      const gaps = new EventGaps(otklik.part(DataSource));
      let gap = { missing: 0, seen: 0 };
      await otklik.database.during(unfinished, async () => {
        await rows.events(1);
        gap = (await fanOut())?.gap ?? gap;
        await gaps.decided(gap.missing, gap.seen);
        expect(await gaps.decided(gap.missing, gap.seen)).toBeUndefined();
      });
      await otklik.database.during(unfinished, async () => {
        expect(await gaps.decided(gap.missing, gap.seen)).toBe(gap.seen);
      });
    });
  });

  describe('where an endpoint is disabled for a while', () => {
    const call = async <T>(what: string): Promise<T> => (await otklik.api.post<T>(what, {})).body;
    const enable = (id: string) => call<EnabledWebhook>(`/api/webhooks/${id}/enable`);
    const disable = (id: string) => otklik.part(WebhookDisabling).disable(id, 'failing');
    const patched = (id: string, enabled: boolean) =>
      otklik.api.send('PATCH', `/api/webhooks/${id}`, {
        body: JSON.stringify({ enabled }),
        headers: { 'content-type': 'application/json' },
      });

    /** The types of what a replay makes good, from when the answer said. */
    async function madeGood(id: string): Promise<string[]> {
      const { missedSince } = await enable(id);
      otklik.clock.advance(SECOND);
      await otklik.api.post(`/api/webhooks/${id}/replay`, { since: missedSince });
      await otklik.part(WebhookReplays).run();
      return typesFor(id);
    }

    it.each([
      ['a person', (id: string) => patched(id, false)],
      ['Otklik itself', disable],
    ])('by %s, it has missed what had happened before and was not told yet', async (_, disabled) => {
      const id = await rows.endpoint();
      await rows.events(1, 'message.received');
      await fanOut();
      otklik.clock.advance(HOUR);
      await rows.events(1, 'message.replied');
      otklik.clock.advance(MINUTE);
      await disabled(id);
      await rows.events(1, 'conversation.closed');
      await fanOut();
      expect(await typesFor(id)).toEqual(['message.received']);
      expect(await madeGood(id)).toEqual(['message.received', 'message.replied', 'conversation.closed']);
    });

    it('it has missed what had happened before and was committed afterwards', async () => {
      const id = await rows.endpoint();
      const early = otklik.clock.iso();
      otklik.clock.advance(MINUTE);
      await rows.events(1, 'message.received');
      otklik.clock.advance(MINUTE);
      await otklik.database.commitAfter(
        `insert into events (id, type, occurred_at, data) values (uuid_v7('${early}'), 'message.triaged', '${early}', '{}')`,
        () => disable(id),
      );
      await fanOut();
      expect(await madeGood(id)).toEqual(['message.received', 'message.triaged']);
    });

    it('it has missed nothing of what was told: a replay begins when it was disabled', async () => {
      const id = await rows.endpoint();
      await rows.events(3);
      await fanOut();
      otklik.clock.advance(MINUTE);
      const disabledAt = otklik.clock.iso();
      await disable(id);
      otklik.clock.advance(MINUTE);
      expect(await enable(id)).toMatchObject({ missedSince: disabledAt });
    });

    it('nothing is told by halves: who disables or enables it waits for whoever is making deliveries', async () => {
      const id = await rows.endpoint();
      for (const change of [disable, enable, disable, (webhook: string) => patched(webhook, true)]) {
        const [changing] = await otklik.database.during('select from event_fan_out for update', async () => {
          const begun = change(id);
          await otklik.database.untilBlocked(1);
          return [begun];
        });
        await changing;
      }
      expect((await otklik.api.get<WebhookView>(`/api/webhooks/${id}`)).body.enabled).toBe(true);
    });
  });

  it('holds the events of a conversation back behind an earlier one, where the endpoint wants its order', async () => {
    const ordered = await rows.endpoint({ ordered: true });
    const other = await rows.endpoint();
    const [conversation, another] = [
      '019aa5c6-7b41-7a02-8c11-000000000001',
      '019aa5c6-7b41-7a02-8c11-000000000002',
    ];
    await rows.events(2, 'message.received', conversation);
    await rows.events(1, 'message.received', another);
    await fanOut();
    await rows.events(1, 'message.replied', conversation);
    await fanOut();

    const heldBack = async (id: string) => (await rows.deliveries(id)).map(({ isHeldBack }) => isHeldBack);
    expect(await heldBack(ordered)).toEqual([false, true, false, true]);
    expect(await heldBack(other)).toEqual([false, false, false, false]);
  });
});
