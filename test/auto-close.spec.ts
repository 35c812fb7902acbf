import type { ConversationView } from '../src/conversations/conversation.schemas.js';
import type { EventView } from '../src/events/event.schemas.js';
import type { ProcessView } from '../src/processes/process.schemas.js';
import { eventually } from './support/eventually.js';
import { DAY, HOUR, MINUTE, SECOND } from './support/settable-clock.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

/** Words that the triage gives each priority. */
const WORDS = { urgent: 'My card was stolen!', normal: 'zxqv wrblk' } as const;

describe('an idle conversation (D15)', () => {
  const otklik = new TestOtklik({
    env: {
      ROLES: 'api,worker',
      CONVERSATION_AUTO_CLOSE_AFTER: 'PT24H',
      CONVERSATION_AUTO_CLOSE_AFTER_URGENT: 'PT72H',
      AUTO_CLOSE_BATCH_SIZE: '20',
    },
  });
  const beside = new TestOtklik({
    env: { ROLES: 'api,worker', AUTO_CLOSE_BATCH_SIZE: '7' },
    beside: otklik,
  });
  beforeAll(async () => {
    await otklik.start();
    // Nobody shall be reminded here: a reminder of another spec's hours would only disturb.
    await otklik.api.post('/api/system/processes/reminders/pause', {});
  });
  afterAll(() => otklik.stop());

  async function answered(content: string = WORDS.normal): Promise<string> {
    const { conversationId } = await otklik.accept({ clientId: newClient(), content });
    await reply(conversationId);
    return conversationId;
  }

  async function reply(conversationId: string): Promise<void> {
    const answer = { content: 'Here you are.', author: 'operator' };
    expect((await otklik.api.post(`/api/conversations/${conversationId}/replies`, answer)).status).toBe(201);
  }

  const read = async (id: string) =>
    (await otklik.api.get<ConversationView>(`/api/conversations/${id}`)).body;

  const isClosed = (id: string) =>
    eventually(
      () => read(id),
      ({ status }) => status === 'closed',
    );

  /** A run of which nothing is left to do. */
  const run = async () =>
    (await otklik.api.post<ProcessView>('/api/system/processes/auto-close/run', {})).body;

  const eventsOf = (id: string) => otklik.api.all<EventView>(`/api/events?conversationId=${id}`);

  it('is closed when nobody waited and nothing was said for the time, not before', async () => {
    const id = await answered();
    const { lastActivityAt } = await read(id);
    otklik.clock.advance(DAY - SECOND);
    await run();
    expect((await read(id)).status).toBe('open');
    otklik.clock.advance(SECOND + Date.parse(lastActivityAt) - (otklik.clock.now() + SECOND - DAY));
    const closed = await isClosed(id);
    expect(closed).toMatchObject({ closeReason: 'idle', waitingSince: null });
    const [event] = await eventsOf(id);
    expect(event).toMatchObject({
      type: 'conversation.closed',
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
      data: { conversationId: id, clientId: closed.clientId, reason: 'idle', closedAt: closed.closedAt },
    });
  });

  it('is closed when its time has come, without anybody asking', async () => {
    const early = await answered();
    otklik.clock.advance(HOUR);
    const late = await answered();
    await run();
    const { body } = await otklik.api.get<{ data: ProcessView[] }>('/api/system/processes');
    expect(body.data.find(({ name }) => name === 'auto-close')?.state).not.toBe('failing');
    otklik.clock.advance(23 * HOUR + SECOND);
    await isClosed(early);
    expect((await read(late)).status).toBe('open');
    otklik.clock.advance(HOUR);
    await isClosed(late);
  });

  it('has the time of its priority', async () => {
    const urgent = await answered(WORDS.urgent);
    const normal = await answered();
    otklik.clock.advance(DAY + SECOND);
    await isClosed(normal);
    expect((await read(urgent)).status).toBe('open');
    otklik.clock.advance(2 * DAY);
    await isClosed(urgent);
  });

  it('stays open, however old, while its last word is the client’s', async () => {
    const { conversationId, clientId } = await otklik.accept({
      clientId: newClient(),
      content: WORDS.normal,
    });
    await reply(conversationId);
    await otklik.accept({ clientId, content: 'One more thing' });
    otklik.clock.advance(300 * DAY);
    const before = await run();
    expect(before.lastError).toBeNull();
    expect((await read(conversationId)).status).toBe('open');
    await reply(conversationId);
  });

  it('stays open while it is escalated, or while somebody wants to be reminded of it', async () => {
    const escalated = await answered();
    const remembered = await answered();
    await otklik.api.post(`/api/conversations/${escalated}/escalate`, { reason: 'the boss should see this' });
    await otklik.api.post(`/api/conversations/${remembered}/reminders`, {
      scheduledAt: otklik.clock.iso(60 * DAY),
      note: 'Ask whether all went well',
    });
    otklik.clock.advance(30 * DAY);
    await run();
    expect((await read(escalated)).status).toBe('open');
    expect((await read(remembered)).status).toBe('open');
    await reply(escalated);
    await reply(remembered);
    otklik.clock.advance(DAY + SECOND);
    await isClosed(escalated);
    await isClosed(remembered);
  });

  it('is opened anew, as another one, by the next message', async () => {
    const { conversationId, clientId } = await otklik.accept({
      clientId: newClient(),
      content: WORDS.normal,
    });
    await reply(conversationId);
    otklik.clock.advance(DAY + SECOND);
    await isClosed(conversationId);
    const next = await otklik.accept({ clientId, content: 'Me again' });
    expect(next.conversationId).not.toBe(conversationId);
    expect(next.isFirstMessage).toBe(false);
    await reply(next.conversationId);
  });

  it('loses to a message in the same instant', async () => {
    const id = await answered();
    const { clientId } = await read(id);
    await otklik.api.post('/api/system/processes/auto-close/pause', {});
    otklik.clock.advance(DAY + SECOND);
    const { message } = await otklik.database.during(
      `select from clients where id = '${clientId}' for no key update`,
      async () => {
        const message = otklik.accept({ clientId, content: 'Wait!' });
        await otklik.database.untilBlocked(1);
        await run();
        expect((await read(id)).status).toBe('open');
        return { message };
      },
    );
    expect((await message).conversationId).toBe(id);
    await otklik.api.post('/api/system/processes/auto-close/resume', {});
    await run();
    expect((await read(id)).status).toBe('open');
    await reply(id);
  });

  it('is closed once by several workers, whatever stands before it in their way', async () => {
    const ids = await Promise.all(Array.from({ length: 120 }, () => answered()));
    const kept = ids.slice(0, 45);
    for (const id of kept) {
      await otklik.api.post(`/api/conversations/${id}/escalate`, { reason: 'stays' });
    }
    await otklik.database.query(
      'update conversations set last_activity_at = last_activity_at - $2::interval where id = any($1)',
      [kept, '2 hours'],
    );
    await beside.start();
    otklik.clock.advance(DAY + MINUTE);
    for (const id of ids.slice(45)) await isClosed(id);
    await beside.stopServing();
    for (const id of kept) expect((await read(id)).status).toBe('open');
    const told = await otklik.database.query<{ count: number }>(
      `select count(*)::int as count from events
        where type = 'conversation.closed' and conversation_id = any($1)`,
      [ids],
    );
    expect(told[0]?.count).toBe(75);
  });
});
