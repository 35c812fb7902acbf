import type { EventView } from '../src/events/event.schemas.js';
import { MINUTE } from './support/settable-clock.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('a message that comes in', () => {
  const otklik = new TestOtklik();
  beforeAll(() => otklik.start());
  afterAll(() => otklik.stop());

  it('is answered with everything that was decided about it', async () => {
    const clientId = newClient();
    const { status, body, headers } = await otklik.receive({
      clientId,
      content: 'My card was stolen!',
      timestamp: '2026-11-21T10:59:30+02:00',
      channel: 'shop',
      client: { name: 'Anna Ozola', email: 'anna@shop.example', language: 'en', timezone: 'Europe/Riga' },
      metadata: { order: 'A-17', items: [1, 2.5, null, true, { deep: '✓' }] },
    });
    expect(status).toBe(201);
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
    expect(headers['idempotent-replayed']).toBeUndefined();
    expect(body).toEqual({
      id: expect.stringMatching(UUID),
      clientId,
      conversationId: expect.stringMatching(UUID),
      direction: 'inbound',
      author: 'client',
      operatorId: null,
      content: 'My card was stolen!',
      channel: 'shop',
      priority: 'urgent',
      category: 'lost_or_stolen_card',
      triage: { source: 'offline', confidence: expect.any(Number), status: 'done' },
      isFirstMessage: true,
      reply: null,
      reminders: [
        { id: expect.stringMatching(UUID), scheduledAt: otklik.clock.iso(5 * MINUTE), level: 1 },
        { id: expect.stringMatching(UUID), scheduledAt: otklik.clock.iso(15 * MINUTE), level: 2 },
        { id: expect.stringMatching(UUID), scheduledAt: otklik.clock.iso(60 * MINUTE), level: 3 },
      ],
      metadata: { order: 'A-17', items: [1, 2.5, null, true, { deep: '✓' }] },
      duplicate: null,
      timestamp: '2026-11-21T08:59:30.000Z',
      createdAt: otklik.clock.iso(),
    });
  });

  it('needs only to say who wrote and what', async () => {
    const { body } = await otklik.receive({ clientId: newClient(), content: 'Hello' });
    expect(body).toMatchObject({ channel: 'api', metadata: {}, timestamp: body.createdAt });
  });

  it('can be read again as it was answered', async () => {
    const received = await otklik.accept({
      clientId: newClient(),
      content: 'My card was stolen!',
      metadata: { b: 1, a: 2 },
    });
    const { status, body } = await otklik.api.get(`/api/messages/${received.id}`);
    expect(status).toBe(200);
    expect(body).toEqual(received);
  });

  it('is stored with its client, its conversation, its reminders and its events (D1)', async () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const before = await otklik.database.countRows();
    const message = await otklik.accept(
      { clientId: newClient(), content: 'My card was stolen!' },
      { traceparent: `00-${traceId}-00f067aa0ba902b7-01`, 'idempotency-key': 'whole-1' },
    );
    const after = await otklik.database.countRows();
    expect(after).toEqual({
      clients: before.clients + 1,
      conversations: before.conversations + 1,
      messages: before.messages + 1,
      reminders: before.reminders + 3,
      events: before.events + 4,
      escalations: before.escalations + 1,
      idempotency_records: before.idempotency_records + 1,
    });
    const events = await otklik.api.all<EventView>(`/api/events?conversationId=${message.conversationId}`);
    expect(events.map(({ type }) => type)).toEqual([
      'conversation.escalated',
      'message.triaged',
      'message.received',
      'conversation.opened',
    ]);
    expect(events.every((event) => event.traceId === traceId)).toBe(true);
    const common = { conversationId: message.conversationId, clientId: message.clientId };
    expect(events[1]?.data).toEqual({
      ...common,
      messageId: message.id,
      priority: 'urgent',
      category: 'lost_or_stolen_card',
      triage: message.triage,
    });
    expect(events[2]?.data).toEqual({
      ...common,
      messageId: message.id,
      content: 'My card was stolen!',
      channel: 'api',
      isFirstMessage: true,
      metadata: {},
      timestamp: message.timestamp,
      createdAt: message.createdAt,
    });
    expect(events[3]?.data).toEqual({
      ...common,
      channel: 'api',
      status: 'open',
      priority: 'urgent',
      openedAt: message.createdAt,
    });
  });

  it('joins the conversation that its client has open; only the first is the first', async () => {
    const clientId = newClient();
    const first = await otklik.accept({ clientId, content: 'Hello' });
    const second = await otklik.accept({ clientId, content: 'Are you there?' });
    expect(second.conversationId).toBe(first.conversationId);
    expect([first.isFirstMessage, second.isFirstMessage]).toEqual([true, false]);
    expect(Date.parse(second.createdAt)).toBeGreaterThan(Date.parse(first.createdAt));
    const types = (await otklik.api.all<EventView>(`/api/events?conversationId=${first.conversationId}`)).map(
      ({ type }) => type,
    );
    expect(types.filter((type) => type === 'conversation.opened')).toHaveLength(1);
  });

  it('has its client remembered with what was said of him last', async () => {
    const clientId = newClient();
    await otklik.accept({ clientId, content: 'Hello', client: { name: 'Anna', email: 'a@shop.example' } });
    otklik.clock.advance(MINUTE);
    await otklik.accept({ clientId, content: 'It is me', client: { name: 'Anna Ozola', language: 'lv' } });
    const { status, body } = await otklik.api.get(`/api/clients/${clientId}`);
    expect(status).toBe(200);
    expect(body).toEqual({
      clientId,
      name: 'Anna Ozola',
      email: 'a@shop.example',
      language: 'lv',
      timezone: null,
      firstSeenAt: otklik.clock.iso(-MINUTE),
      lastSeenAt: otklik.clock.iso(),
    });
  });

  it('may have been written long ago, but not more than five minutes from now (D11)', async () => {
    const send = (timestamp: string) => otklik.receive({ clientId: newClient(), content: 'Hi', timestamp });
    expect((await send('1970-01-01T00:00:00Z')).body.timestamp).toBe('1970-01-01T00:00:00.000Z');
    expect((await send('0001-01-02T00:00:00Z')).body.timestamp).toBe('0001-01-02T00:00:00.000Z');
    expect((await send(otklik.clock.iso(5 * MINUTE))).status).toBe(201);
    const { status, body } = await send(otklik.clock.iso(5 * MINUTE + 1));
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'validation_failed', errors: [{ path: 'timestamp' }] });
  });

  it('knows what it does not know: strange words are of normal priority and no category', async () => {
    const { body } = await otklik.receive({ clientId: newClient(), content: 'zxqv wrblk' });
    expect(body).toMatchObject({ priority: 'normal', category: null });
  });
});
