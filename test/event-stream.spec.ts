import type { EventView } from '../src/events/event.schemas.js';
import { OutboxFollower } from '../src/events/stream/outbox-follower.js';
import type { Problem } from '../src/http/problem.js';
import { EventStream } from './support/event-stream.js';
import { eventually } from './support/eventually.js';
import { SECOND } from './support/settable-clock.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

const NOBODY = '019aa5c6-0000-7000-8000-000000000000';

describe('following the events', () => {
  const otklik = new TestOtklik({ env: { EVENT_STREAM_HEARTBEAT: 'PT15S', EVENT_GAP_PATIENCE: 'PT0.05S' } });
  const streams: EventStream[] = [];
  beforeAll(() => otklik.start());
  afterEach(async () => {
    for (const stream of streams.splice(0)) stream.close();
    await eventually(() => otklik.part(OutboxFollower).told === undefined);
  });
  afterAll(() => otklik.stop());

  const open = async (query = '') => opened(await EventStream.open(otklik, query));
  const resumeAfter = async (id: string, query = '') => opened(await EventStream.after(otklik, id, query));
  const opened = (stream: EventStream) => {
    streams.push(stream);
    return stream;
  };

  /** All events there are, oldest first. */
  const all = async (query = '') =>
    (await otklik.api.all<EventView>(`/api/events?limit=200${query}`)).toReversed();

  const newest = async () =>
    (await otklik.api.get<{ data: EventView[] }>('/api/events?limit=1')).body.data[0];

  const accept = () => otklik.accept({ clientId: newClient(), content: 'Hello' });

  /** Writes an event as another process would, of which nobody here is told. */
  const insert = (id: string) => `
    insert into events (id, type, conversation_id, occurred_at, data)
    values ('${id}', 'conversation.opened', gen_random_uuid(), now(), '{}')`;

  const eventId = (number: number) => `019aa5c6-1111-7000-8000-${String(number).padStart(12, '0')}`;

  /** Waits until a reader wants to know where now is. */
  const untilOpening = () => {
    const { openings } = otklik.part(OutboxFollower) as unknown as { openings: Set<unknown> };
    return eventually(() => openings.size > 0);
  };

  /** Lets the time pass in which undecided events are waited for, until it is so. */
  const untilDecided = async (isSo: () => boolean) => {
    await eventually(() => {
      otklik.clock.advance(50);
      return isSo();
    });
  };

  it('tells what happens from now on, as the list has it', async () => {
    await accept();
    const before = await all();
    const stream = await open();
    await accept();
    await stream.until(3);
    const since = (await all()).slice(before.length);
    expect(stream.events).toEqual(since.map((event) => ({ id: event.id, type: event.type, data: event })));
    expect(stream.events.map(({ type }) => type)).toEqual([
      'conversation.opened',
      'message.received',
      'message.triaged',
    ]);
  });

  it('has the headers that browsers and proxies need', async () => {
    const { response } = await open();
    expect(response.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
      'x-request-id': expect.any(String),
    });
  });

  it('goes on behind the event that was read last', async () => {
    await accept();
    const first = await newest();
    await accept();
    const expected = (await all()).slice(-3).map(({ id }) => id);
    const byHeader = await resumeAfter(first?.id ?? '');
    const byQuery = await open(`?lastEventId=${first?.id}`);
    await byHeader.until(3);
    await byQuery.until(3);
    await accept();
    await byHeader.until(6);
    expect(byHeader.ids.slice(0, 3)).toEqual(expected);
    expect(byQuery.ids.slice(0, 3)).toEqual(expected);
    expect(new Set(byHeader.ids).size).toBe(6);
  });

  it('goes by the header where a browser sends both', async () => {
    const [oldest] = await all();
    await accept();
    const last = await newest();
    const stream = await resumeAfter(last?.id ?? '', `?lastEventId=${oldest?.id}`);
    await accept();
    await stream.until(3);
    expect(stream.ids).toEqual((await all()).slice(-3).map(({ id }) => id));
  });

  it.each([
    ['Last-Event-ID', { 'last-event-id': NOBODY }, '', `there is no event ${NOBODY}`],
    ['lastEventId', {}, `?lastEventId=${NOBODY}`, `there is no event ${NOBODY}`],
    ['Last-Event-ID', { 'last-event-id': '17' }, '', 'must be the id of an event'],
    ['lastEventId', {}, '?lastEventId=17', 'must be a UUID'],
    [
      'type',
      {},
      '?type=message.*,colour.mauve',
      '"colour.mauve" is no event type: there are message.received',
    ],
    ['type', {}, '?type=message', '"message" is no event type'],
    ['conversationId', {}, '?conversationId=17', 'must be a UUID'],
    ['after', {}, '?after=17', 'is not known here'],
  ])('refuses a wrong %s (%j %s)', async (path, headers, query, message) => {
    const { status, body } = await otklik.api.refused('GET', `/api/events/stream${query}`, { headers });
    expect(status).toBe(400);
    expect(body.errors).toEqual([{ path, message: expect.stringContaining(message) }]);
  });

  it('tells only what is wanted', async () => {
    const first = await newest();
    const { conversationId } = await accept();
    await accept();
    await otklik.accept({ clientId: newClient(), content: 'My card was stolen!' });
    const wanted = ['message.received', 'message.triaged', 'conversation.escalated'];
    const query = '?type=message.*,conversation.escalated';
    for (const stream of [await open(query), await resumeAfter(first?.id ?? '', query)]) {
      await otklik.accept({ clientId: newClient(), content: 'My card was stolen!' });
      await stream.until(3);
      expect(stream.events.slice(0, 2).map(({ type }) => type)).toEqual(wanted.slice(0, 2));
      expect(stream.events.every(({ type }) => wanted.includes(type))).toBe(true);
    }
    const ofOne = await resumeAfter(first?.id ?? '', `?conversationId=${conversationId}`);
    await otklik.api.post(`/api/conversations/${conversationId}/close`, { reason: 'solved' });
    await eventually(() => ofOne.events.some(({ type }) => type === 'conversation.closed'));
    const events = await all(`&conversationId=${conversationId}`);
    await ofOne.until(events.length);
    expect(ofOne.ids).toEqual(events.map(({ id }) => id));
  });

  it('passes no event that is committed late', async () => {
    const stream = await open();
    await otklik.database.commitAfter(insert(eventId(1)), async () => {
      await accept();
      await otklik.database.query(insert(eventId(2)));
      // Time enough to ask who still writes: somebody does.
      for (let look = 0; look < 5; look++) {
        otklik.clock.advance(50);
        await accept();
      }
      expect(stream.ids).toEqual([]);
    });
    await untilDecided(() => stream.events.length >= 20);
    expect(stream.ids[0]).toBe(eventId(1));
    expect(stream.ids).toEqual((await all()).slice(-20).map(({ id }) => id));
  });

  it('is not held up by what was rolled back', async () => {
    const stream = await open();
    await otklik.database.during(insert(eventId(3)), () => accept());
    await untilDecided(() => stream.events.length >= 3);
    expect(stream.ids).toEqual((await all()).slice(-3).map(({ id }) => id));
  });

  it('is the same for everybody while transactions commit in any order, and some not at all', async () => {
    const start = await accept().then(newest);
    const stream = await open();
    const ids: string[] = [];
    const writers = Array.from({ length: 12 }, async (_, writer) => {
      for (let turn = 0; turn < 8; turn++) {
        const id = eventId(1000 + writer * 100 + turn);
        if (turn % 3 === 2) {
          await otklik.database.during(insert(id), () => accept());
        } else {
          await otklik.database.commitAfter(insert(id), () => accept());
          ids.push(id);
        }
      }
    });
    const late: EventStream[] = [];
    const latecomers = Array.from({ length: 5 }, async () => late.push(await resumeAfter(start?.id ?? '')));
    await Promise.all([...writers, ...latecomers]);
    const expected = (await all()).map(({ id }) => id);
    const told = expected.slice(expected.indexOf(start?.id ?? '') + 1);
    expect(told).toEqual(expect.arrayContaining(ids));
    await untilDecided(() => [stream, ...late].every(({ events }) => events.length >= told.length));
    for (const { ids } of [stream, ...late]) expect(ids).toEqual(told);
  });

  it('begins once whoever is just writing has come to an end', async () => {
    let stream: EventStream | undefined;
    await otklik.database.commitAfter(insert(eventId(4)), async () => {
      await accept();
      void open().then((opened) => {
        stream = opened;
      });
      await untilOpening();
      // Whoever is told of a commit looks again: somebody still writes.
      for (let look = 0; look < 5; look++) await accept();
      expect(stream).toBeUndefined();
    });
    await eventually(async () => {
      await accept();
      return stream !== undefined;
    });
    await accept();
    await eventually(async () => stream?.ids.at(-1) === (await newest())?.id);
    expect(stream?.ids).toEqual((await all()).slice(-(stream?.ids.length ?? 0)).map(({ id }) => id));
  });

  it('says that it is not known where to begin while a transaction goes on and on', async () => {
    await otklik.database.during(insert(eventId(5)), async () => {
      await accept();
      const answer = otklik.api.get<Problem>('/api/events/stream');
      await untilOpening();
      otklik.clock.advance(15 * SECOND);
      expect(await answer).toMatchObject({ status: 503, body: { code: 'events_undecided' } });
    });
  });

  it('finds at the next poll what another process wrote', async () => {
    const stream = await open();
    await otklik.database.query(insert(eventId(6)));
    await untilDecided(() => stream.events.length > 0);
    expect(stream.ids).toEqual([eventId(6)]);
  });

  it('shows that it is alive while nothing happens', async () => {
    const stream = await open();
    for (const heartbeats of [1, 2]) {
      await eventually(() => {
        otklik.clock.advance(SECOND);
        return stream.heartbeats >= heartbeats;
      });
    }
    expect(stream.events).toEqual([]);
  });

  it('feeds 50 readers, and reads new events once for all of them', async () => {
    const readers = await Promise.all(Array.from({ length: 50 }, () => open()));
    const last = await newest();
    for (let message = 0; message < 20; message++) await accept();
    const expected = (await all()).map(({ id }) => id);
    const told = expected.slice(expected.indexOf(last?.id ?? '') + 1);
    for (const { ids } of await Promise.all(
      readers.map(async (reader) => reader.until(60).then(() => reader)),
    ))
      expect(ids).toEqual(told);
  });

  it('holds nothing for a reader that is slow: it reads on at its own pace, and misses nothing', async () => {
    const [slow, quick] = [await open(), await open()];
    slow.pause();
    const messages = 2_500;
    await otklik.database.query(
      `insert into events (id, type, conversation_id, occurred_at, data)
       select uuid_v7(now()), 'conversation.opened', id, now(), json_build_object(
                'conversationId', id, 'clientId', 'client', 'channel', repeat('x', 9000), 'status', 'open',
                'priority', 'low', 'openedAt', '2026-11-21T09:00:00.000Z')
         from (select gen_random_uuid() as id from generate_series(1, $1)) conversation`,
      [messages],
    );
    await accept();
    await quick.until(messages + 3);
    expect(slow.events.length).toBeLessThan(messages);
    slow.resume();
    await slow.until(messages + 3);
    expect(slow.ids).toEqual(quick.ids);
  });

  it('follows nobody once the last reader has gone, and answers HEAD without becoming one', async () => {
    const follower = otklik.part(OutboxFollower);
    const stream = await open();
    expect(follower.told).toBeDefined();
    const { status, headers } = await otklik.api.send('HEAD', '/api/events/stream');
    expect([status, headers['content-type']]).toEqual([200, 'text/event-stream; charset=utf-8']);
    stream.close();
    await eventually(() => follower.told === undefined);
  });
});
