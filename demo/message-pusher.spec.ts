import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApiConnections } from './api-connections.js';
import { type DemoMessage, readDemoMessages } from './demo-messages.js';
import { isRepeatedOnPurpose, pushMessages } from './message-pusher.js';
import { readBack } from './read-back.js';

/** Speaks as much of the HTTP contract as the demo uses; a message's text asks for a fault. */
class ContractServer {
  readonly stored: { id: string; clientId: string; content: string }[] = [];
  readonly authorizations = new Set<string>();
  private readonly firstAnswers = new Map<string, { id: string }>();
  private readonly faulted = new Set<string>();
  private readonly server = http.createServer((request, response) => this.handle(request, response));

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    const { port } = this.server.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private handle(request: http.IncomingMessage, response: http.ServerResponse): void {
    this.authorizations.add(request.headers.authorization ?? '');
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      if (request.method === 'GET') this.list(request, response);
      else this.take(request, JSON.parse(body), response);
    });
  }

  private take(
    request: http.IncomingMessage,
    body: { clientId: string; content: string },
    response: http.ServerResponse,
  ): void {
    const { clientId, content } = body;
    const firstTime = !this.faulted.has(content);
    this.faulted.add(content);
    const key = request.headers['idempotency-key'];
    const identity = JSON.stringify(key ?? [clientId, content]);
    const first = this.firstAnswers.get(identity);
    if (content === 'busy' && firstTime) {
      this.send(response, 429, { code: 'rate_limited', title: 'Slow down' }, { 'retry-after': '0' });
    } else if (content === 'bad') {
      const errors = [{ path: 'content', message: 'too long' }];
      this.send(response, 400, { code: 'validation_failed', detail: 'Invalid message', errors });
    } else if (first !== undefined) {
      const reason = key === undefined ? 'same_content' : 'idempotency_key';
      const replay = { ...first, duplicate: { of: first.id, reason, firstSeenAt: '2026-11-21T09:00:00Z' } };
      this.send(response, 200, replay, { 'idempotent-replayed': 'true' });
    } else {
      const answer = this.store(clientId, content);
      this.firstAnswers.set(identity, answer);
      // Stored, but the answer is lost: what a retry with the same key is for.
      if (content === 'dropped' && firstTime) request.socket.destroy();
      else this.send(response, 201, answer);
    }
  }

  private store(clientId: string, content: string) {
    const id = `message-${this.stored.length}`;
    this.stored.push({ id, clientId, content });
    const conversationId = `conversation-${clientId}`;
    return { id, conversationId, priority: 'normal', category: null, reminders: [], duplicate: null };
  }

  private list(request: http.IncomingMessage, response: http.ServerResponse): void {
    const query = new URL(request.url ?? '/', 'http://server').searchParams;
    const start = Number(query.get('cursor') ?? 0);
    const end = start + 3;
    this.send(response, 200, {
      data: [...this.stored].reverse().slice(start, end),
      nextCursor: end < this.stored.length ? String(end) : null,
    });
  }

  private send(
    response: http.ServerResponse,
    status: number,
    body: object,
    headers: Record<string, string> = {},
  ): void {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  }
}

const noPause = async () => undefined;
const noClock = () => 0;

describe('pushMessages', () => {
  let server: ContractServer;
  let api: ApiConnections;

  beforeEach(async () => {
    server = new ContractServer();
    api = new ApiConnections(await server.listen(), 'a-key', 4);
  });

  afterEach(async () => {
    api.close();
    await server.close();
  });

  function ports() {
    return { call: api.call, pause: noPause, now: noClock };
  }

  function push(messages: readonly DemoMessage[], signal?: AbortSignal) {
    return pushMessages(messages, {
      runId: 'run',
      connections: 4,
      ports: ports(),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  function read(csv: string): readonly DemoMessage[] {
    return readDemoMessages(csv, { text: null, client: null, limit: null }).messages;
  }

  it('gets every message in once, through a busy server, a dropped connection and a double', async () => {
    const messages = read('clientId,text\na,hello\nb,busy\nc,dropped\nd,bad\ne,twice\ne,twice\nf,bye\n');
    const { tally, notSent } = await push(messages);

    expect(server.stored.map(({ content }) => content).sort()).toEqual([
      'busy',
      'bye',
      'dropped',
      'hello',
      'twice',
    ]);
    expect(tally).toMatchObject({ sendings: 7, created: 4, retries: 2, gaveUp: { count: 0, first: null } });
    expect(tally.refused).toEqual({
      count: 1,
      first: { row: 5, detail: 'validation_failed: Invalid message (content: too long)' },
    });
    expect(Object.fromEntries(tally.replays)).toEqual({ idempotency_key: 1, same_content: 1 });
    expect([...tally.decided.keys()].sort()).toEqual(server.stored.map(({ id }) => id).sort());
    expect(notSent).toBe(0);
    expect([...server.authorizations]).toEqual(['Bearer a-key']);

    const back = await readBack(new Set(tally.decided.keys()), ports());
    expect(back).toEqual({ found: 5, pages: 2, seconds: 0, problem: null });
  });

  it('sends one in a hundred twice, and gets the second answered as a replay', async () => {
    const messages = read(
      `text\n${Array.from({ length: 250 }, (_, index) => `message ${index}`).join('\n')}\n`,
    );
    const { tally } = await push(messages);
    expect(messages.filter((message, index) => isRepeatedOnPurpose(index, message))).toHaveLength(3);
    expect(tally).toMatchObject({ sendings: 253, created: 250 });
    expect(Object.fromEntries(tally.replays)).toEqual({ idempotency_key: 3 });
    expect(server.stored).toHaveLength(250);
  });

  it('keeps the order in which a client wrote', async () => {
    const texts = Array.from({ length: 30 }, (_, index) => String(index));
    await push(read(`clientId,text\n${texts.map((text) => `${Number(text) % 3},${text}`).join('\n')}\n`));
    for (const client of ['0', '1', '2']) {
      const arrived = server.stored
        .filter(({ clientId }) => clientId === client)
        .map(({ content }) => content);
      expect(arrived).toEqual(texts.filter((text) => String(Number(text) % 3) === client));
    }
  });

  it('stops when it is interrupted', async () => {
    const { tally, notSent } = await push(read('text\none\ntwo\n'), AbortSignal.abort());
    expect(tally.sendings).toBe(0);
    expect(notSent).toBe(2);
  });

  it('gives up on a server that is gone, and leaves the rest unsent', async () => {
    await server.close();
    const messages = read(
      `text\n${Array.from({ length: 50 }, (_, index) => `message ${index}`).join('\n')}\n`,
    );
    const { tally, notSent } = await push(messages);
    expect(tally.gaveUp.count).toBeGreaterThan(0);
    expect(tally.gaveUp.first?.detail).toMatch(/ECONNREFUSED/);
    expect(tally.gaveUp.count + notSent).toBe(50);

    const back = await readBack(new Set(['message-0']), ports());
    expect(back).toMatchObject({ found: 0, pages: 0, problem: expect.stringMatching(/ECONNREFUSED/) });
  });
});
