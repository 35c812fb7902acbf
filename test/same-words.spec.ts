import { SECOND } from './support/settable-clock.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

describe('the same words again, without an idempotency key (D3, D4)', () => {
  const otklik = new TestOtklik();
  beforeAll(() => otklik.start());
  afterAll(() => otklik.stop());

  it('are a duplicate within five seconds, answered as at first', async () => {
    const message = { clientId: newClient(), content: 'Hello?' };
    const first = await otklik.receive(message);
    otklik.clock.advance(5 * SECOND - 1);
    const second = await otklik.receive(message);
    expect(second.status).toBe(200);
    expect(second.headers['idempotent-replayed']).toBe('true');
    expect(second.body).toEqual({
      ...first.body,
      duplicate: { of: first.body.id, reason: 'same_content', firstSeenAt: first.body.createdAt },
    });
  });

  it('are a new message once the five seconds are over', async () => {
    const message = { clientId: newClient(), content: 'Hello?' };
    const first = await otklik.accept(message);
    otklik.clock.advance(5 * SECOND);
    const second = await otklik.accept(message);
    expect(second.id).not.toBe(first.id);
    expect(second.isFirstMessage).toBe(false);
  });

  it('are counted from the message itself, not from its repetitions', async () => {
    const message = { clientId: newClient(), content: 'Hello?' };
    await otklik.accept(message);
    otklik.clock.advance(3 * SECOND);
    expect((await otklik.receive(message)).status).toBe(200);
    otklik.clock.advance(3 * SECOND);
    expect((await otklik.receive(message)).status).toBe(201);
  });

  it('are a duplicate only with the same timestamp, where one is sent', async () => {
    const message = { clientId: newClient(), content: 'Hello?', timestamp: '2026-11-21T08:00:00.000Z' };
    const { id } = await otklik.accept(message);
    const sameInstant = await otklik.receive({ ...message, timestamp: '2026-11-21T10:00:00+02:00' });
    const other = await otklik.receive({ ...message, timestamp: '2026-11-21T08:00:00.001Z' });
    expect(sameInstant.body.duplicate?.of).toBe(id);
    expect(other.status).toBe(201);
  });

  it('are a duplicate without a timestamp, whatever the first one had', async () => {
    const message = { clientId: newClient(), content: 'Hello?' };
    const { id } = await otklik.accept({ ...message, timestamp: '2026-11-21T08:00:00Z' });
    expect((await otklik.receive(message)).body.duplicate?.of).toBe(id);
  });

  it('are a duplicate of a message that came with a key', async () => {
    const message = { clientId: newClient(), content: 'Hello?' };
    const { id } = await otklik.accept(message, { 'idempotency-key': 'first-with-key' });
    expect((await otklik.receive(message)).body.duplicate).toMatchObject({ of: id, reason: 'same_content' });
  });

  it('are the same words after normalisation', async () => {
    const clientId = newClient();
    const { id } = await otklik.accept({ clientId, content: 'Café\n' });
    expect((await otklik.receive({ clientId, content: 'Cafe\u0301\r\n' })).body.duplicate?.of).toBe(id);
  });

  it('are a new message of another client, and so are other words of the same', async () => {
    const message = { clientId: newClient(), content: 'Hello?' };
    await otklik.accept(message);
    expect((await otklik.receive({ ...message, clientId: newClient() })).status).toBe(201);
    expect((await otklik.receive({ ...message, content: 'hello?' })).status).toBe(201);
    expect((await otklik.receive({ ...message, content: 'Hello? ' })).status).toBe(201);
  });

  it('of the team are no duplicate of the client', async () => {
    const { clientId, conversationId } = await otklik.accept({ clientId: newClient(), content: 'Hi' });
    await otklik.api.post(`/api/conversations/${conversationId}/replies`, {
      content: 'Yes?',
      author: 'operator',
    });
    expect((await otklik.receive({ clientId, content: 'Yes?' })).status).toBe(201);
  });

  it('leave nothing new behind', async () => {
    const message = { clientId: newClient(), content: 'Hello?' };
    await otklik.accept(message);
    const before = await otklik.database.countRows();
    await otklik.receive(message);
    expect(await otklik.database.countRows()).toEqual(before);
  });
});
