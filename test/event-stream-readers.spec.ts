import type { EventView } from '../src/events/event.schemas.js';
import { EventStreams } from '../src/events/stream/event-streams.js';
import { OutboxFollower } from '../src/events/stream/outbox-follower.js';
import type { Problem } from '../src/http/problem.js';
import { EventStream } from './support/event-stream.js';
import { eventually } from './support/eventually.js';
import { SECOND } from './support/settable-clock.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

const NOBODY = '019aa5c6-0000-7000-8000-000000000000';

describe('the readers of one process', () => {
  const survivor = new TestOtklik();
  beforeAll(() => survivor.start());
  afterAll(() => survivor.stop());

  const startBeside = async (env: Record<string, string> = {}) => {
    const otklik = new TestOtklik({ beside: survivor, env });
    await otklik.start();
    return otklik;
  };

  const accept = (otklik: TestOtklik) => otklik.accept({ clientId: newClient(), content: 'Hello' });

  it('are let go when it stops, and go on at another one without a gap', async () => {
    const otklik = await startBeside();
    const readers = await Promise.all(Array.from({ length: 5 }, () => EventStream.open(otklik)));
    await accept(otklik);
    for (const reader of readers) await reader.until(3);
    await otklik.stopServing();
    await accept(survivor);
    for (const reader of readers) {
      await reader.untilOver();
      expect(reader.response.complete).toBe(true);
      const next = await EventStream.after(survivor, reader.ids.at(-1) ?? '');
      await next.until(3);
      const all = (await survivor.api.all<EventView>('/api/events')).toReversed();
      expect([...reader.ids, ...next.ids]).toEqual(all.slice(-6).map(({ id }) => id));
      next.close();
    }
    expect(otklik.log.entries(({ level }) => level === 'warn')).toEqual([]);
  });

  it('are cut off when it stops where they take nothing more', async () => {
    const otklik = await startBeside();
    const reader = await EventStream.open(otklik);
    reader.pause();
    await survivor.database.query(
      `insert into events (id, type, conversation_id, occurred_at, data)
       select uuid_v7(now()), 'conversation.opened', id, now(), json_build_object(
                'conversationId', id, 'clientId', 'client', 'channel', repeat('x', 9000), 'status', 'open',
                'priority', 'low', 'openedAt', '2026-11-21T09:00:00.000Z')
         from (select gen_random_uuid() as id from generate_series(1, 2500)) conversation`,
    );
    await accept(otklik);
    const { readers } = otklik.part(EventStreams) as unknown as {
      readers: Map<unknown, { writableNeedDrain: boolean }>;
    };
    await eventually(() => [...readers.values()].some(({ writableNeedDrain }) => writableNeedDrain));
    await otklik.stopServing();
    reader.resume();
    await reader.untilOver();
    expect(reader.response.complete).toBe(false);
    expect(otklik.log.entries(({ level }) => level === 'warn')).toEqual([]);
  });

  it('keep no process from stopping where they have not begun yet', async () => {
    const otklik = await startBeside();
    const { openings } = otklik.part(OutboxFollower) as unknown as { openings: Set<unknown> };
    await survivor.database.during(
      `insert into events (id, type, occurred_at, data) values ('${NOBODY}', 'webhook.test', now(), '{}')`,
      async () => {
        await accept(otklik);
        const opened = EventStream.open(otklik);
        const refusal = expect(opened).rejects.toThrow('The stream answered 503.');
        await eventually(() => openings.size > 0);
        await otklik.stopServing();
        await refusal;
      },
    );
    expect(otklik.log.entries(({ msg }) => /deadline/.test(msg))).toEqual([]);
  });

  it('are as many as the configuration says', async () => {
    const otklik = await startBeside({ EVENT_STREAMS_MAX: '2', RATE_LIMIT: 'on' });
    const [first, second] = [await EventStream.open(otklik), await EventStream.open(otklik)];
    const refused = await otklik.api.get<Problem>('/api/events/stream');
    expect(refused).toMatchObject({
      status: 503,
      headers: { 'retry-after': '5' },
      body: { code: 'too_many_streams' },
    });
    expect(second.response.headers.ratelimit).toMatch(/;r=(\d+);/);
    first.close();
    const third = await eventually(
      () => EventStream.open(otklik).catch(() => undefined),
      (stream) => stream !== undefined,
    );
    // A refusal of another reason takes no place.
    await otklik.api.get(`/api/events/stream?lastEventId=${NOBODY}`);
    third?.close();
    second.close();
    await eventually(async () => (await otklik.api.get(`/api/events/stream`)).status === 200);
    await otklik.stopServing();
  });

  it('wait while the database cannot be read, and miss nothing', async () => {
    const otklik = await startBeside();
    const reader = await EventStream.open(otklik);
    await survivor.database.execute('alter table events rename to events_elsewhere');
    otklik.clock.advance(SECOND);
    await eventually(
      () => otklik.log.entries(({ msg }) => /cannot be read for streams/.test(msg)).length > 0,
    );
    await survivor.database.execute('alter table events_elsewhere rename to events');
    await accept(survivor);
    await eventually(() => {
      otklik.clock.advance(SECOND);
      return reader.events.length >= 3;
    });
    expect(reader.events.map(({ type }) => type)).toEqual([
      'conversation.opened',
      'message.received',
      'message.triaged',
    ]);
    await otklik.stopServing();
  });
});
