import { newClient, TestOtklik } from './support/test-otklik.js';

describe('the words of a message', () => {
  const otklik = new TestOtklik();
  beforeAll(() => otklik.start());
  afterAll(() => otklik.stop());

  async function roundTrip(content: string): Promise<readonly string[]> {
    const key = `key-${newClient()}`;
    const message = { clientId: newClient(), content };
    const received = await otklik.accept(message, { 'idempotency-key': key });
    const replayed = await otklik.receive(message, { 'idempotency-key': key });
    const read = await otklik.api.get<{ content: string }>(`/api/messages/${received.id}`);
    const [event] = await otklik.database.query<{ content: string }>(
      `select data ->> 'content' as content from events
        where type = 'message.received' and conversation_id = $1`,
      [received.conversationId],
    );
    expect(replayed.status).toBe(200);
    return [received.content, replayed.body.content, read.body.content, event?.content ?? ''];
  }

  it.each([
    ['Russian', 'Где мой заказ? Ёжик'],
    ['emoji', 'Спасибо! 🎉👍🏽'],
    ['a family joined by ZWJ', '👩‍👩‍👧‍👦 🏳️‍🌈'],
    ['flags', '🇱🇻🇷🇺'],
    ['right-to-left text', 'שלום עולם — مرحبا بالعالم'],
    ['marks of direction', '\u202eabc\u202c \u2067x\u2069 \u200f\u200e'],
    ['letters beyond the first plane', '𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𠮷野家 𐍈'],
    ['combining marks without a composed form', 'x̂ ẍ q̇ Z͑ͫ̓ͪ̂ͫ'],
    ['non-characters and private use', '\ufffe \uffff \ue000 \u{10ffff}'],
    ['the replacement character', 'a\ufffdb'],
    ['a byte order mark', '\ufeffHello'],
    ['markup', '<b>bold</b> <script>alert("x")</script> &amp; &#39;'],
    ['all the quotes', `' '' " "" \` « » “ ” ‘ ’ \\' \\" \\\\`],
    ['what looks like SQL', `'; DROP TABLE messages; -- " OR 1=1 /* */ $1 $$ E'\\x'`],
    ['what looks like a template', '#{7*7} {{7*7}} %s %n <%= 1 %> $(id)'],
    ['what looks like JSON', '{"content":"\\u0000"}'],
    ['tab and newline', 'one\ttwo\nthree\n\n'],
    ['spaces of all kinds', '  leading \u00a0\u2003\u3000\u2028\u2029 trailing  '],
  ])('are kept exactly: %s', async (_what, content) => {
    expect(await roundTrip(content)).toEqual([content, content, content, content]);
  });

  it.each([
    ['an accent is composed', 'Cafe\u0301', 'Café'],
    ['Hangul is composed', '\u1112\u1161\u11ab', '한'],
    ['a compatibility character stays', 'ﬁ ²', 'ﬁ ²'],
    ['Windows line ends become newlines', 'one\r\ntwo\r\n', 'one\ntwo\n'],
    ['a bell, an escape and NUL are removed', 'a\u0007b\u001b[31mc\u0000d', 'ab[31mcd'],
    ['the second row of controls too', 'a\u0080b\u0085c\u009fd', 'abcd'],
    ['delete too', 'a\u007fb', 'ab'],
    ['what a control character kept apart is composed', 'e\u0007\u0301', 'é'],
  ])('are normalised: %s', async (_what, content, expected) => {
    expect(await roundTrip(content)).toEqual([expected, expected, expected, expected]);
  });

  it.each([
    ['letters', 'x'],
    ['letters of two bytes', 'ы'],
    ['characters of four bytes', '😀'],
  ])('may be 10,000 %s', async (_what, character) => {
    const content = character.repeat(10_000);
    const [received, replayed, read] = await roundTrip(content);
    expect([received === content, replayed === content, read === content]).toEqual([true, true, true]);
  });

  it('are counted after they were normalised', async () => {
    const { status, body } = await otklik.receive({
      clientId: newClient(),
      content: `${'e\u0301'.repeat(10_000)}${'\r'.repeat(50)}`,
    });
    expect(status).toBe(201);
    expect(body.content).toBe('é'.repeat(10_000));
  });

  it.each([
    ['order of fields', { z: 1, a: { y: 1, b: 2 }, '10': 1, '9': 2 }],
    ['empty things', { a: '', b: [], c: {}, d: null, e: false }],
    ['numbers', { a: 0, b: -1.5, c: 1e21, d: 9007199254740991 }],
    ['markup and quotes', { "it's": '<b>"x"</b>', 'a.b': "'; --" }],
    ['any script', { заказ: '№ 17 😀', 'ключ\n': '\t' }],
    ['names of object members', { toString: 1, hasOwnProperty: 'x', constructor: 'y' }],
    ['8 KB of it', { note: 'x'.repeat(8 * 1024 - 11) }],
  ])('carry metadata that is kept as it came: %s', async (_what, metadata) => {
    const received = await otklik.accept({ clientId: newClient(), content: 'Hello', metadata });
    const read = await otklik.api.get<{ metadata: unknown }>(`/api/messages/${received.id}`);
    expect(JSON.stringify(received.metadata)).toBe(JSON.stringify(metadata));
    expect(JSON.stringify(read.body.metadata)).toBe(JSON.stringify(metadata));
  });

  it.each(['a', 'A.b_c:d@e+f-9', 'x'.repeat(128), 'a..b', 'a--b', 'or', 'null'])(
    'come from any client with a proper id: %s',
    async (clientId) => {
      const { body } = await otklik.receive({ clientId, content: 'Hello' });
      expect(body.clientId).toBe(clientId);
      const list = await otklik.api.get<{ data: unknown[] }>(
        `/api/messages?clientId=${encodeURIComponent(clientId)}`,
      );
      expect(list.status).toBe(200);
      expect(list.body.data).toHaveLength(1);
    },
  );
});
