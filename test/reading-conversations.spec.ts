import type { ConversationView } from '../src/conversations/conversation.schemas.js';
import type { EventView } from '../src/events/event.schemas.js';
import { MINUTE, SECOND } from './support/settable-clock.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

describe('reading conversations and events', () => {
  const otklik = new TestOtklik();
  const regular = newClient();
  const opened: string[] = [];

  beforeAll(async () => {
    await otklik.start();
    for (let index = 0; index < 12; index++) {
      otklik.clock.advance(SECOND);
      const { conversationId } = await otklik.accept({
        clientId: index % 3 === 0 ? regular : newClient(),
        content: index % 2 === 0 ? 'My card was stolen!' : 'zxqv wrblk',
        channel: 'shop',
      });
      opened.push(conversationId);
      if (index % 3 === 0 && index < 9) {
        await otklik.api.post(`/api/conversations/${conversationId}/close`, { reason: 'solved' });
      }
    }
  });
  afterAll(() => otklik.stop());

  const list = (query: string) => otklik.api.all<ConversationView>(`/api/conversations?${query}`);
  const ids = (items: readonly { id: string }[]) => items.map(({ id }) => id);

  it('shows all that is known of one', async () => {
    const message = await otklik.accept({
      clientId: newClient(),
      content: 'My card was stolen!',
      channel: 'app',
    });
    const { status, body } = await otklik.api.get(`/api/conversations/${message.conversationId}`);
    expect(status).toBe(200);
    expect(body).toEqual({
      id: message.conversationId,
      clientId: message.clientId,
      status: 'open',
      priority: 'urgent',
      channel: 'app',
      openedAt: message.createdAt,
      lastActivityAt: message.createdAt,
      waitingSince: message.createdAt,
      closedAt: null,
      closeReason: null,
    });
    await otklik.api.post(`/api/conversations/${message.conversationId}/close`, { reason: 'test' });
  });

  it.each([1, 4, 5, 200])('begins with the newest, %i to a page', async (limit) => {
    const found = ids(await list(`limit=${limit}`));
    expect(found.filter((id) => opened.includes(id))).toEqual(opened.toReversed());
    expect(new Set(found).size).toBe(found.length);
  });

  it('of a status begins with the one with the latest activity', async () => {
    otklik.clock.advance(MINUTE);
    const [, second] = opened;
    await otklik.api.post(`/api/conversations/${second}/replies`, { content: 'Hi', author: 'operator' });
    const expected = [
      second,
      ...opened.filter((id, index) => id !== second && (index % 3 !== 0 || index >= 9)).toReversed(),
    ];
    for (const limit of [1, 3, 50]) expect(ids(await list(`status=open&limit=${limit}`))).toEqual(expected);
    const closed = await list('status=closed&limit=2');
    expect(closed).toHaveLength(4);
    expect(closed.every(({ status }) => status === 'closed')).toBe(true);
    expect(await list('status=pending')).toEqual([]);
  });

  it('can be limited to a client or a priority', async () => {
    expect(ids(await list(`clientId=${regular}&limit=2`))).toEqual(
      opened.filter((_, index) => index % 3 === 0).toReversed(),
    );
    expect(await list(`clientId=${regular}&status=open`)).toHaveLength(1);
    const urgent = await list('priority=urgent&status=open');
    expect(urgent.length).toBeGreaterThan(2);
    expect(urgent.every(({ priority }) => priority === 'urgent')).toBe(true);
    expect(await list('clientId=nobody')).toEqual([]);
  });

  it.each([
    ['conversations', 'status=asleep', 'status'],
    ['conversations', 'clientId=%21', 'clientId'],
    ['conversations', 'priority=1', 'priority'],
    ['reminders', 'status=late', 'status'],
    ['reminders', 'conversationId=1', 'conversationId'],
    ['events', 'type=1', 'type'],
    ['events', 'conversationId=x', 'conversationId'],
    ['api-keys', 'limit=0', 'limit'],
  ])('is refused with what cannot be understood: %s?%s', async (what, query, path) => {
    const { status, body } = await otklik.api.get(`/api/${what}?${query}`);
    expect(status).toBe(400);
    expect(body).toMatchObject({ errors: [{ path }] });
  });

  it('shows the events of the outbox, the latest first, each once', async () => {
    const events = await otklik.api.all<EventView>('/api/events');
    const inPages = await otklik.api.all<EventView>('/api/events?limit=7');
    expect(inPages).toEqual(events);
    expect(new Set(ids(events)).size).toBe(events.length);
    expect(events.at(-1)).toMatchObject({ type: 'conversation.opened', conversationId: opened[0] });
    const received = await otklik.api.all<EventView>('/api/events?type=message.received&limit=5');
    expect(ids(received)).toEqual(ids(events.filter(({ type }) => type === 'message.received')));
    const ofOne = await otklik.api.all<EventView>(`/api/events?conversationId=${opened[0]}&limit=2`);
    expect(ids(ofOne)).toEqual(ids(events.filter(({ conversationId }) => conversationId === opened[0])));
    expect(ofOne.map(({ type }) => type)).toEqual([
      'reminder.cancelled',
      'reminder.cancelled',
      'reminder.cancelled',
      'conversation.closed',
      'conversation.escalated',
      'message.triaged',
      'message.received',
      'conversation.opened',
    ]);
  });
});
