import type { ReceivedMessageView } from '../src/messages/message.schemas.js';
import { ReplyWatch } from '../src/messages/reply-watch.js';
import { eventually } from './support/eventually.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

describe('a request that would wait for the reply (Prefer: wait)', () => {
  const otklik = new TestOtklik({ env: { REPLY_POLL_INTERVAL: 'PT30S' } });
  const replica = new TestOtklik({ beside: otklik, env: { REPLY_POLL_INTERVAL: 'PT0.05S' } });
  beforeAll(async () => {
    await otklik.start();
    await replica.start();
  });
  afterAll(async () => {
    await replica.stop();
    await otklik.stop();
  });

  async function openConversation(clientId: string): Promise<string> {
    return (await otklik.accept({ clientId, content: 'Hello' })).conversationId;
  }

  const replyTo = (conversationId: string, at: TestOtklik = otklik) =>
    at.api.post<{ id: string }>(`/api/conversations/${conversationId}/replies`, {
      content: 'Here we are.',
      author: 'assistant',
    });

  const stored = (clientId: string, count: number) =>
    eventually(async () => (await otklik.api.all(`/api/messages?clientId=${clientId}`)).length === count);

  it('is answered with the reply as soon as that is there', async () => {
    const clientId = newClient();
    const conversationId = await openConversation(clientId);
    const waiting = otklik.receive({ clientId, content: 'Anybody?' }, { prefer: 'respond-async, wait=30' });
    await stored(clientId, 2);
    const reply = await replyTo(conversationId);
    const { status, body, headers } = await waiting;
    expect(status).toBe(201);
    expect(headers['preference-applied']).toBe('wait=30');
    expect(body.reply).toEqual(reply.body);
  });

  it('hears of a reply that another replica stored', async () => {
    const clientId = newClient();
    const conversationId = await openConversation(clientId);
    const waiting = replica.receive({ clientId, content: 'Anybody?' }, { prefer: 'wait=30' });
    await stored(clientId, 2);
    const reply = await replyTo(conversationId);
    expect((await waiting).body.reply).toEqual(reply.body);
  });

  it('is answered without a reply when the time is up', async () => {
    const { status, body, headers } = await otklik.receive(
      { clientId: newClient(), content: 'Anybody?' },
      { prefer: 'wait=1' },
    );
    expect(status).toBe(201);
    expect(headers['preference-applied']).toBe('wait=1');
    expect(body.reply).toBeNull();
  });

  it('does not take an earlier reply for the one to this message', async () => {
    const clientId = newClient();
    await replyTo(await openConversation(clientId));
    const { body } = await otklik.receive({ clientId, content: 'And now?' }, { prefer: 'wait=1' });
    expect(body.reply).toBeNull();
  });

  it('gets the reply at once when it repeats a message that was answered', async () => {
    const message = { clientId: newClient(), content: 'Anybody?' };
    const key = { 'idempotency-key': 'answered-before' };
    const { conversationId } = await otklik.accept(message, key);
    const reply = await replyTo(conversationId);
    const { status, body } = await otklik.receive(message, { ...key, prefer: 'wait=30' });
    expect(status).toBe(200);
    expect(body.reply).toEqual(reply.body);
    expect(body.duplicate).toMatchObject({ reason: 'idempotency_key' });
  });

  it('may hang up: the message stays, and nothing waits for it any longer', async () => {
    const clientId = newClient();
    const conversationId = await openConversation(clientId);
    const hangUp = new AbortController();
    const watches = otklik.part(ReplyWatch) as unknown as { watchers: Map<string, unknown> };
    const waiting = otklik.api.send<ReceivedMessageView>('POST', '/api/messages', {
      body: JSON.stringify({ clientId, content: 'Never mind' }),
      headers: { 'content-type': 'application/json', prefer: 'wait=30' },
      signal: hangUp.signal,
    });
    await eventually(() => watches.watchers.has(conversationId));
    hangUp.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'ABORT_ERR' });
    await eventually(() => !watches.watchers.has(conversationId));
    await stored(clientId, 2);
  });

  it.each(['wait=0', 'wait=soon', 'wait', 'return=minimal', 'wait=-5'])(
    'does not wait for what it cannot understand: %s',
    async (prefer) => {
      const { status, headers } = await otklik.receive({ clientId: newClient(), content: 'Hi' }, { prefer });
      expect(status).toBe(201);
      expect(headers['preference-applied']).toBeUndefined();
    },
  );
});
