import type { Problem } from '../src/http/problem.js';
import type { MessageView } from '../src/messages/message.schemas.js';
import type { PageOf } from './support/api-client.js';
import { SECOND } from './support/settable-clock.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

const NOBODY = '019aa5c6-7b40-7c3e-9d51-2f6a8b1c4e70';

describe('reading messages', () => {
  const otklik = new TestOtklik();
  const clientId = newClient();
  const stored: MessageView[] = [];

  beforeAll(async () => {
    await otklik.start();
    for (let index = 0; index < 25; index++) {
      otklik.clock.advance(SECOND);
      const content = index % 5 === 0 ? `My card was stolen! ${index}` : `zxqv wrblk ${index}`;
      const message = await otklik.accept({ clientId, content });
      stored.push(message);
      await otklik.accept({ clientId: newClient(), content });
      if (index % 10 !== 4) continue;
      const { body } = await otklik.api.post<MessageView>(
        `/api/conversations/${message.conversationId}/replies`,
        { content: `Answer ${index}`, author: 'operator' },
      );
      stored.push(body);
      if (index === 14) {
        await otklik.api.post(`/api/conversations/${message.conversationId}/close`, { reason: 'solved' });
      }
    }
  });
  afterAll(() => otklik.stop());

  const ids = (messages: readonly { id: string }[]) => messages.map(({ id }) => id);
  const all = (query: string) => otklik.api.all<MessageView>(`/api/messages?${query}`);
  const page = (query: string) => otklik.api.get<PageOf<MessageView>>(`/api/messages?${query}`);

  it('begins with the newest, 50 at a time', async () => {
    const { status, body } = await page('');
    expect(status).toBe(200);
    expect(body.data).toHaveLength(50);
    expect(body.nextCursor).toEqual(expect.any(String));
    expect(ids(body.data)).toEqual(ids(body.data).toSorted().toReversed());
    expect(body.data.find(({ id }) => id === stored.at(-1)?.id)).toMatchObject({
      clientId,
      content: stored.at(-1)?.content,
    });
  });

  it.each([1, 2, 7, 27, 28, 29, 200])('shows each message of a client once, %i to a page', async (limit) => {
    expect(ids(await all(`clientId=${clientId}&limit=${limit}`))).toEqual(ids(stored).toReversed());
  });

  it('can be limited to a conversation, a priority, a direction, or several of them', async () => {
    const [first] = stored;
    const inFirst = stored.filter((message) => message.conversationId === first?.conversationId);
    expect(inFirst.length).toBeLessThan(stored.length);
    expect(ids(await all(`conversationId=${first?.conversationId}&limit=4`))).toEqual(
      ids(inFirst).toReversed(),
    );
    const urgent = stored.filter(({ priority }) => priority === 'urgent');
    expect(urgent).toHaveLength(5);
    expect(ids(await all(`clientId=${clientId}&priority=urgent&limit=2`))).toEqual(ids(urgent).toReversed());
    const outbound = stored.filter(({ direction }) => direction === 'outbound');
    expect(outbound).toHaveLength(3);
    expect(ids(await all(`clientId=${clientId}&direction=outbound&limit=1`))).toEqual(
      ids(outbound).toReversed(),
    );
    const urgentOfAll = await all('priority=urgent&limit=3');
    expect(urgentOfAll).toHaveLength(10);
    expect(urgentOfAll.every(({ priority }) => priority === 'urgent')).toBe(true);
    expect(await all(`clientId=${clientId}&direction=outbound&priority=low`)).toEqual([]);
  });

  it('goes on after a known message, oldest first (E2)', async () => {
    const known = stored[10];
    for (const limit of [1, 3, 50]) {
      expect(ids(await all(`clientId=${clientId}&after=${known?.id}&limit=${limit}`))).toEqual(
        ids(stored.slice(11)),
      );
    }
    const inConversation = stored.slice(11).filter((item) => item.conversationId === known?.conversationId);
    expect(ids(await all(`conversationId=${known?.conversationId}&after=${known?.id}&limit=2`))).toEqual(
      ids(inConversation),
    );
    const ofAll = await all(`after=${known?.id}&limit=9`);
    expect(ids(ofAll)).toEqual(ids(ofAll).toSorted());
    expect(ids(ofAll.filter((message) => message.clientId === clientId))).toEqual(ids(stored.slice(11)));
    expect(await page(`clientId=${clientId}&after=${stored.at(-1)?.id}`)).toMatchObject({
      status: 200,
      body: { data: [], nextCursor: null },
    });
  });

  it('has neither gaps nor doubles while new messages come in', async () => {
    const reader = newClient();
    const contents: string[] = [];
    const write = async () => {
      contents.push(`Line ${contents.length}`);
      await otklik.accept({ clientId: reader, content: contents.at(-1) });
    };
    for (let i = 0; i < 10; i++) await write();
    const seen: string[] = [];
    let cursor: string | null | undefined;
    do {
      const { body } = await page(`clientId=${reader}&limit=3${cursor ? `&cursor=${cursor}` : ''}`);
      seen.push(...body.data.map(({ content }) => content));
      cursor = body.nextCursor;
      await write();
    } while (cursor);
    expect(seen).toEqual(contents.slice(0, 10).toReversed());

    const [oldest] = (await all(`clientId=${reader}`)).toReversed();
    const followed: string[] = [];
    let last = oldest?.id;
    for (let round = 0; round < 8; round++) {
      const { body } = await page(`clientId=${reader}&after=${last}&limit=4`);
      followed.push(...body.data.map(({ content }) => content));
      last = body.data.at(-1)?.id ?? last;
      await write();
    }
    expect(followed).toEqual(contents.slice(1, followed.length + 1));
    expect(followed.length).toBeGreaterThan(14);
  });

  it('misses nothing of a client who writes at the same time', async () => {
    const writer = newClient();
    const { id } = await otklik.accept({ clientId: writer, content: 'Start' });
    const writing = Promise.all(
      Array.from({ length: 60 }, (_, index) => otklik.accept({ clientId: writer, content: `Line ${index}` })),
    );
    let isWriting = true;
    void writing.then(() => {
      isWriting = false;
    });
    const followed: string[] = [];
    for (let last = id, more = true; more; ) {
      more = isWriting;
      const { body } = await page(`clientId=${writer}&after=${last}&limit=200`);
      followed.push(...ids(body.data));
      last = followed.at(-1) ?? id;
    }
    expect(followed.toSorted()).toEqual(ids(await writing).toSorted());
  });

  it('shows one message, with the first answer to it', async () => {
    const { body } = await otklik.api.get<{ reply: MessageView }>(`/api/messages/${stored[0]?.id}`);
    expect(body.reply).toEqual(stored.find(({ direction }) => direction === 'outbound'));
    const answer = await otklik.api.get(`/api/messages/${body.reply.id}`);
    expect(answer.body).toEqual({ ...body.reply, reply: null, reminders: [], duplicate: null });
  });

  it('of a conversation begins with its first words', async () => {
    const { conversationId } = stored[0] ?? { conversationId: '' };
    const expected = ids(stored.filter((message) => message.conversationId === conversationId));
    const path = `/api/conversations/${conversationId}/messages`;
    expect(ids(await otklik.api.all<MessageView>(path))).toEqual(expected);
    expect(ids(await otklik.api.all<MessageView>(`${path}?limit=4`))).toEqual(expected);
    expect(ids(await otklik.api.all<MessageView>(`${path}?limit=4&after=${expected[2]}`))).toEqual(
      expected.slice(3),
    );
  });

  it.each([
    ['/api/messages/', 'message_not_found'],
    ['/api/conversations/', 'conversation_not_found'],
    ['/api/clients/', 'client_not_found'],
  ])('says so when there is no such thing: %s', async (path, code) => {
    const { status, body } = await otklik.api.get<Problem>(path + NOBODY);
    expect(status).toBe(404);
    expect(body).toMatchObject({ code, instance: path + NOBODY });
  });

  it('says so when there is no such conversation to read', async () => {
    expect((await otklik.api.get(`/api/conversations/${NOBODY}/messages`)).status).toBe(404);
  });

  const WRONG_CURSORS = [
    'x',
    'bm8',
    Buffer.from('[]').toString('base64url'),
    Buffer.from('{"a":1}').toString('base64url'),
    Buffer.from('["2026-11-21T09:00:00.000Z"]').toString('base64url'),
    Buffer.from(`["${NOBODY}","${NOBODY}","${NOBODY}"]`).toString('base64url'),
    Buffer.from(`["x' or 1=1 --","${NOBODY}"]`).toString('base64url'),
    Buffer.from('[12]').toString('base64url'),
    Buffer.from(`["2026-02-30T09:00:00.000Z","${NOBODY}"]`).toString('base64url'),
    Buffer.from(`["0000-01-01T09:00:00.000Z","${NOBODY}"]`).toString('base64url'),
    Buffer.from('[1.5]').toString('base64url'),
    Buffer.from('[null,null]').toString('base64url'),
    'A'.repeat(1_025),
  ];

  it.each(WRONG_CURSORS)('refuses a cursor that it did not give out: %.40s', async (cursor) => {
    for (const list of [
      `/api/messages?clientId=${clientId}`,
      '/api/messages?limit=2',
      '/api/conversations?status=open',
      '/api/conversations?limit=2',
      '/api/reminders?limit=2',
      '/api/api-keys?limit=2',
    ]) {
      const { status, body } = await otklik.api.get<Problem>(`${list}&cursor=${cursor}`);
      expect([list, status]).toEqual([list, 400]);
      expect(body.errors?.[0]?.path).toBe('cursor');
    }
  });

  it('refuses a cursor of another list of the same order, and says so', async () => {
    const { body: clients } = await otklik.api.get<PageOf<unknown>>('/api/conversations?limit=1');
    const { status, body } = await page(`limit=1&cursor=${clients.nextCursor}`);
    expect([status, body]).toMatchObject([
      400,
      { errors: [{ path: 'cursor', message: 'belongs to another list; leave it out to begin anew' }] },
    ]);
  });

  it.each([
    ['limit=0', 'limit'],
    ['limit=201', 'limit'],
    ['limit=-1', 'limit'],
    ['limit=1.5', 'limit'],
    ['limit=many', 'limit'],
    ['limit=', 'limit'],
    ['limit=0x10', 'limit'],
    ['limit=1e2', 'limit'],
    ['limit=%2B5', 'limit'],
    ['limit=%205', 'limit'],
    ['limit=1&limit=2', 'limit'],
    ['cursor=', 'cursor'],
    ['clientId=a%20b', 'clientId'],
    ['clientId=a&clientId=b', 'clientId'],
    ['conversationId=42', 'conversationId'],
    ['priority=critical', 'priority'],
    ['direction=sideways', 'direction'],
    ['after=42', 'after'],
    [`after=${NOBODY}`, 'after'],
    ['offset=10', 'offset'],
  ])('is refused with what cannot be understood: %s', async (query, path) => {
    const { status, body } = await otklik.api.get<Problem>(`/api/messages?${query}`);
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'validation_failed', errors: [{ path }] });
  });

  it.each(['/api/messages/42', '/api/conversations/42', '/api/clients/a%20b'])(
    'is refused where the id cannot be one: %s',
    async (path) => {
      const { status, body } = await otklik.api.get<Problem>(path);
      expect([status, body.code]).toEqual([400, 'validation_failed']);
    },
  );
});
