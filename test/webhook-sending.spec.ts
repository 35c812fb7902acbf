import { createServer, type Server, type Socket } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { loadConfig } from '../src/config/config.js';
import type { AttemptResult, Outgoing, Target } from '../src/webhooks/sending/attempt-result.js';
import { WebhookSender } from '../src/webhooks/sending/webhook-sender.js';
import { newSecret } from '../src/webhooks/signing/webhook-secret.js';
import { eventually } from './support/eventually.js';
import { SettableClock } from './support/settable-clock.js';
import { StubNameResolver } from './support/stub-name-resolver.js';
import * as behaviours from './support/webhook-receiver/behaviours.js';
import { selfSignedCertificate } from './support/webhook-receiver/self-signed-certificate.js';
import { closedPort, WebhookReceiver } from './support/webhook-receiver.js';

const DEADLINE = 300;
const WITH_DEADLINE = { WEBHOOK_TIMEOUT: `PT${DEADLINE / 1000}S` };
/** An event loop that is late now and then is no fault of the sender's. */
const LATE = 2_000;

const clock = new SettableClock();
const names = new StubNameResolver();
const secret = newSecret();
const senders: WebhookSender[] = [];
const receivers: WebhookReceiver[] = [];

const outgoing: Outgoing = {
  eventId: '019ab3c4-0000-7000-8000-000000000001',
  eventType: 'message.received',
  occurredAt: new Date('2026-11-21T08:59:59.999Z'),
  data: '{"text":"Здравствуйте 😀", "n":1.0}',
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
};

function newSender(env: Readonly<Record<string, string>> = {}): WebhookSender {
  const config = loadConfig({
    WEBHOOK_ALLOW_HTTP: 'true',
    WEBHOOK_ALLOWED_CIDRS: '127.0.0.1/32,::1/128',
    // Longer than any spec may take.
    WEBHOOK_TIMEOUT: 'PT60S',
    ...env,
  });
  const sender = new WebhookSender(clock, names, config);
  senders.push(sender);
  return sender;
}

async function newReceiver(
  options: Parameters<typeof WebhookReceiver.start>[0] = {},
): Promise<WebhookReceiver> {
  const receiver = await WebhookReceiver.start({ secrets: [secret], now: () => clock.now(), ...options });
  receivers.push(receiver);
  return receiver;
}

function target(url: string, change: Partial<Target> = {}): Target {
  return { webhookId: 'webhook', revision: 1, url, headers: {}, secrets: [secret], ...change };
}

/** undici gives a connection one turn of the event loop to close before it uses it again. */
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

const servers: Server[] = [];
const sockets = new Set<Socket>();

/** Takes connections and says nothing. */
async function silentServer(): Promise<number> {
  const server = createServer((socket) => sockets.add(socket.on('error', () => undefined).resume()));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as { port: number }).port;
}

const failed = (result: AttemptResult) => [result.errorClass, result.verdict, result.error];

afterEach(async () => {
  await Promise.all(senders.splice(0).map((sender) => sender.onApplicationShutdown()));
  await Promise.all(receivers.splice(0).map((receiver) => receiver.close()));
  for (const socket of sockets) socket.destroy();
  for (const server of servers.splice(0)) server.close();
  sockets.clear();
});

describe('an attempt', () => {
  it('sends the stored bytes, signed, and tells what came of it', async () => {
    const receiver = await newReceiver();
    const sender = newSender();
    const to = target(receiver.url('/hooks/otklik?team=a'), {
      headers: { Authorization: 'Bearer 1', 'X-Team': 'a' },
    });
    const result = await sender.send(to, outgoing);

    const [request] = receiver.requests;
    expect(request?.fault).toBeUndefined();
    expect(request?.path).toBe('/hooks/otklik?team=a');
    expect(request?.body.toString()).toBe(
      `{"type":"message.received","timestamp":"2026-11-21T08:59:59.999Z","data":${outgoing.data}}`,
    );
    const { traceparent, 'webhook-signature': signature, ...sent } = request?.headers ?? {};
    expect(sent).toEqual({
      host: new URL(receiver.url()).host,
      connection: 'keep-alive',
      'user-agent': expect.stringMatching(/^Otklik\/\d+\.\d+\.\d+/),
      authorization: 'Bearer 1',
      'x-team': 'a',
      'content-type': 'application/json',
      'content-length': String(request?.body.length),
      'webhook-id': outgoing.eventId,
      'webhook-timestamp': String(clock.now() / 1000),
    });
    expect(traceparent).toMatch(/^00-4bf92f3577b34da6a3ce929d0e0e4736-(?!0{16})[0-9a-f]{16}-01$/);
    expect(signature).toMatch(/^v1,[A-Za-z0-9+/]{43}=$/);

    expect(result).toEqual({
      startedAt: clock.now(),
      duration: expect.any(Number),
      address: '127.0.0.1',
      requestHeaders: {
        host: sent.host,
        'user-agent': sent['user-agent'],
        authorization: '***',
        'x-team': 'a',
        'content-type': 'application/json',
        'content-length': sent['content-length'],
        'webhook-id': outgoing.eventId,
        'webhook-timestamp': sent['webhook-timestamp'],
        'webhook-signature': 'v1,***',
        traceparent,
      },
      status: 200,
      responseHeaders: expect.objectContaining({ 'content-type': 'application/json' }),
      bodyExcerpt: '{"ok":true}',
      verdict: 'delivered',
      errorClass: null,
      error: null,
      retryAfter: null,
      isOverloaded: false,
    });
  });

  it('is signed with every secret, at its own time, and is never believed with another one', async () => {
    const receiver = await newReceiver();
    const sender = newSender();
    const [old, foreign] = [newSecret(), newSecret()];
    receiver.trust('/old', old);
    receiver.trust('/foreign', foreign);
    for (const path of ['/new', '/old', '/foreign']) {
      clock.advance(1_500);
      await sender.send(target(receiver.url(path), { secrets: [secret, old] }), outgoing);
    }
    expect(receiver.requests.map(({ isVerified }) => isVerified)).toEqual([true, true, false]);
    const times = receiver.requests.map(({ headers }) => Number(headers['webhook-timestamp']));
    expect(times[2]).toBe(Math.floor(clock.now() / 1000));
    expect(new Set(times).size).toBe(3);
    expect(new Set(receiver.requests.map(({ id }) => id)).size).toBe(1);
  });

  it('keeps the headers that are Otklik’s own, whatever the customer wants', async () => {
    const receiver = await newReceiver();
    const headers = {
      Host: 'evil.example',
      'Content-Type': 'text/plain',
      'content-length': '1',
      'Webhook-Id': 'forged',
      'webhook-signature': 'v1,forged',
      Connection: 'close',
      'Transfer-Encoding': 'chunked',
      Expect: '100-continue',
      TraceParent: 'forged',
      'User-Agent': 'Shop/1',
    };
    const result = await newSender().send(target(receiver.url(), { headers }), {
      ...outgoing,
      traceId: 'not a trace',
    });
    const [request] = receiver.requests;
    expect(result.verdict).toBe('delivered');
    expect(request?.isVerified).toBe(true);
    expect(request?.headers).toMatchObject({
      host: new URL(receiver.url()).host,
      'content-type': 'application/json',
      'webhook-id': outgoing.eventId,
      connection: 'keep-alive',
      'user-agent': 'Shop/1',
    });
    expect(request?.headers).not.toHaveProperty('traceparent');
    expect(result.requestHeaders).not.toHaveProperty('traceparent');
  });

  it('keeps of an answer what is text, and not more than it should', async () => {
    const receiver = await newReceiver();
    const sender = newSender({ WEBHOOK_EXCERPT_LENGTH: '5' });
    receiver.behave(
      behaviours.answer(200, {
        body: Buffer.concat([Buffer.from([0x61, 0x00, 0xff]), Buffer.from('bc😀d')]),
        headers: { 'set-cookie': ['a=1', 'b=2'] },
      }),
    );
    const result = await sender.send(target(receiver.url()), outgoing);
    expect(result.bodyExcerpt).toBe('a�bc');
    expect(result.responseHeaders).toMatchObject({ 'set-cookie': ['***', '***'] });
  });

  it('waits for the final answer behind early hints', async () => {
    const receiver = await newReceiver();
    receiver.behave((response) => {
      response.writeEarlyHints({ link: '</style.css>; rel=preload' });
      behaviours.answer(202)(response);
    });
    expect(await newSender().send(target(receiver.url()), outgoing)).toMatchObject({
      status: 202,
      verdict: 'delivered',
      bodyExcerpt: '',
    });
  });

  it('takes early hints for no answer', async () => {
    const receiver = await newReceiver();
    receiver.behave((response) => response.writeEarlyHints({ link: '</style.css>; rel=preload' }));
    expect(await newSender(WITH_DEADLINE).send(target(receiver.url()), outgoing)).toMatchObject({
      errorClass: 'timeout',
      status: null,
    });
  });

  it.each([
    [200, 'delivered', null],
    [204, 'delivered', null],
    [299, 'delivered', null],
    [301, 'final', 'redirect'],
    [304, 'final', 'redirect'],
    [400, 'final', 'http_status'],
    [401, 'final', 'http_status'],
    [404, 'final', 'http_status'],
    [408, 'retry', 'http_status'],
    [409, 'final', 'http_status'],
    [410, 'gone', 'http_status'],
    [425, 'retry', 'http_status'],
    [429, 'retry', 'http_status'],
    [500, 'retry', 'http_status'],
    [503, 'retry', 'http_status'],
    [599, 'retry', 'http_status'],
    [700, 'retry', 'http_status'],
  ])('that is answered with %d: %s', async (status, verdict, errorClass) => {
    const receiver = await newReceiver();
    receiver.behave((response) => {
      // Node's own response refuses statuses that do not exist.
      response.socket?.write(`HTTP/1.1 ${status} Whatever\r\ncontent-length: 0\r\n\r\n`);
    });
    const result = await newSender().send(target(receiver.url()), outgoing);
    expect(result).toMatchObject({ status, verdict, errorClass, isOverloaded: [429, 503].includes(status) });
    if (errorClass === null) expect(result.error).toBeNull();
    else expect(result.error).toMatch(new RegExp(`^The endpoint answered ${status}\\b.*\\.$`));
  });

  it('tells how long an endpoint wants to be left alone, within limits', async () => {
    const receiver = await newReceiver();
    const sender = newSender({ WEBHOOK_RETRY_AFTER_MAX: 'PT10M' });
    const inTwoMinutes = new Date(Math.floor(clock.now() / 1000) * 1000 + 120_000).toUTCString();
    receiver.next(
      '/',
      behaviours.tooManyRequests(30),
      behaviours.tooManyRequests(inTwoMinutes),
      behaviours.tooManyRequests(86_400),
      behaviours.tooManyRequests('soon'),
      behaviours.unavailable,
    );
    const waits: (number | null)[] = [];
    for (let index = 0; index < 5; index++) {
      const result = await sender.send(target(receiver.url()), outgoing);
      expect(result).toMatchObject({ verdict: 'retry', isOverloaded: true });
      waits.push(result.retryAfter);
    }
    const [, untilThen, ...others] = waits;
    expect([waits[0], ...others]).toEqual([30_000, 600_000, null, null]);
    expect(untilThen).toBeLessThanOrEqual(120_000);
    expect(untilThen).toBeGreaterThan(120_000 - LATE);
  });

  it('does not follow redirects, but tells where to', async () => {
    const receiver = await newReceiver();
    const sender = newSender();
    receiver.next('/', behaviours.redirectTo(receiver.url('/elsewhere'), 307));
    const result = await sender.send(target(receiver.url()), outgoing);
    expect(failed(result)).toEqual([
      'redirect',
      'final',
      `The endpoint answered 307 Temporary Redirect (to ${receiver.url('/elsewhere')}). ` +
        'Redirects are not followed: the endpoint needs the final URL.',
    ]);
    expect(receiver.count).toBe(1);
    receiver.next('/', behaviours.redirectTo(`https://example.com/${'x'.repeat(5_000)}`));
    expect((await sender.send(target(receiver.url()), outgoing)).error?.length).toBeLessThan(700);
  });
});

describe('an attempt that fails', () => {
  it('because nothing listens', async () => {
    const port = await closedPort();
    const result = await newSender().send(target(`http://127.0.0.1:${port}/`), outgoing);
    expect(failed(result)).toEqual([
      'connection_refused',
      'retry',
      `The connection was refused by 127.0.0.1:${port}: nothing listens there.`,
    ]);
    expect(result).toMatchObject({ address: null, status: null, responseHeaders: null, bodyExcerpt: null });
  });

  it('because nothing listens at any of its addresses', async () => {
    const port = await closedPort();
    names.set('two.test', ['127.0.0.1', '::1']);
    const result = await newSender().send(target(`http://two.test:${port}/`), outgoing);
    expect(result.errorClass).toBe('connection_refused');
    expect(result.error).toContain(`127.0.0.1:${port} and [::1]:${port}`);
  });

  it.each([
    ['is reset', behaviours.reset, 'closed the connection before it answered.'],
    ['is closed', behaviours.closeBeforeHeaders, 'closed the connection before it answered.'],
    [
      'is closed in the middle of the answer',
      behaviours.closeInTheMiddle,
      'The endpoint answered 200, but closed the connection before its answer ended.',
    ],
    [
      'is closed between two chunks of the answer',
      behaviours.closeBetweenChunks,
      'The endpoint answered 200, but closed the connection before its answer ended.',
    ],
  ])('because the connection %s', async (_what, behaviour, sentence) => {
    const receiver = await newReceiver();
    receiver.behave(behaviour);
    const result = await newSender().send(target(receiver.url()), outgoing);
    expect(result).toMatchObject({
      errorClass: 'connection_reset',
      verdict: 'retry',
      address: '127.0.0.1',
      error: expect.stringContaining(sentence),
    });
    if (result.status !== null) expect(result.bodyExcerpt).toBe('the beginning');
  });

  it('because the answer is not HTTP', async () => {
    const receiver = await newReceiver();
    receiver.behave(behaviours.garbage);
    const result = await newSender().send(target(receiver.url()), outgoing);
    expect(failed(result)).toEqual([
      'invalid_answer',
      'retry',
      `What ${new URL(receiver.url()).host} answered is not HTTP/1.1.`,
    ]);
  });

  it('because the headers of the answer have no end', async () => {
    const receiver = await newReceiver();
    receiver.behave(behaviours.answer(200, { headers: { 'x-long': 'x'.repeat(70_000) } }));
    const result = await newSender().send(target(receiver.url()), outgoing);
    expect(result).toMatchObject({ errorClass: 'invalid_answer', verdict: 'retry', status: null });
    expect(result.error).toContain('more than 16 KiB');
  });

  it('because the name has no address, or its look-up fails', async () => {
    names.set('none.test', Object.assign(new Error('none'), { code: 'ENOTFOUND', syscall: 'getaddrinfo' }));
    names.set('empty.test', []);
    names.set('again.test', Object.assign(new Error('again'), { code: 'EAI_AGAIN', syscall: 'getaddrinfo' }));
    const sender = newSender();
    expect(failed(await sender.send(target('http://none.test/'), outgoing))).toEqual([
      'dns',
      'retry',
      'There is no address for the name none.test.',
    ]);
    expect((await sender.send(target('http://empty.test/'), outgoing)).errorClass).toBe('dns');
    expect(failed(await sender.send(target('http://again.test/'), outgoing))).toEqual([
      'dns',
      'retry',
      'The look-up of again.test failed (EAI_AGAIN).',
    ]);
  });

  it('because it cannot be made at all, without throwing', async () => {
    const receiver = await newReceiver();
    const sender = newSender();
    for (const broken of [
      target('no url'),
      target(receiver.url(), { secrets: ['whsec_short'] }),
      target(receiver.url(), { headers: { 'x-broken': 'a\r\nwebhook-id: forged' } }),
      target(receiver.url(), { headers: { 'not a name': 'x' } }),
    ]) {
      const result = await sender.send(broken, outgoing);
      expect(result).toMatchObject({ errorClass: 'aborted', verdict: 'retry', status: null, address: null });
      expect(result.error).toMatch(/^The request could not be made: /);
    }
    expect(receiver.connections).toBe(0);
  });

  it('because http:// is not allowed any more', async () => {
    const receiver = await newReceiver();
    const result = await newSender({ WEBHOOK_ALLOW_HTTP: 'false' }).send(target(receiver.url()), outgoing);
    expect(result).toMatchObject({ errorClass: 'address_refused', verdict: 'retry' });
    expect(receiver.connections).toBe(0);
  });
});

describe('the deadline of an attempt', () => {
  async function expectTimeout(url: string, sentence: string): Promise<AttemptResult> {
    const result = await newSender(WITH_DEADLINE).send(target(url), outgoing);
    expect(failed(result)).toEqual(['timeout', 'retry', `${sentence} within ${DEADLINE / 1000} s.`]);
    expect(result.duration).toBeGreaterThanOrEqual(DEADLINE - 5);
    expect(result.duration).toBeLessThan(DEADLINE + LATE);
    return result;
  }

  it('holds for the look-up of the name', async () => {
    names.set('slow.test', 'never');
    await expectTimeout('http://slow.test/', 'The name servers did not tell the address of slow.test');
  });

  it('holds for the TLS handshake', async () => {
    const port = await silentServer();
    const result = await expectTimeout(
      `https://127.0.0.1:${port}/`,
      `127.0.0.1:${port} did not complete the TLS handshake`,
    );
    expect(result.address).toBe('127.0.0.1');
    await eventually(() => [...sockets].every((socket) => socket.destroyed));
  });

  it('holds for the beginning of the answer', async () => {
    const receiver = await newReceiver();
    receiver.behave(behaviours.hangBeforeHeaders);
    const { host } = new URL(receiver.url());
    const result = await expectTimeout(
      receiver.url(),
      `The endpoint was reached at ${host}, but did not begin to answer`,
    );
    expect(result).toMatchObject({ status: null, address: '127.0.0.1' });
  });

  it.each([
    ['that hangs', behaviours.hangAfterHeaders, ''],
    ['that drips', behaviours.drip(10), expect.stringMatching(/^\.+$/)],
  ])('holds for an answer %s', async (_what, behaviour, excerpt) => {
    const receiver = await newReceiver();
    receiver.behave(behaviour);
    const result = await expectTimeout(
      receiver.url(),
      'The endpoint answered 200, but its answer did not end',
    );
    expect(result).toMatchObject({ status: 200, bodyExcerpt: excerpt });
  });

  it('leaves a late answer alone, and its connection to nobody', async () => {
    const receiver = await newReceiver();
    const sender = newSender(WITH_DEADLINE);
    let answerLate: () => void = () => undefined;
    let isCut = false;
    receiver.next('/', (response) => {
      answerLate = () => behaviours.succeed(response);
      response.once('close', () => {
        isCut = true;
      });
    });
    const to = target(receiver.url());
    expect((await sender.send(to, outgoing)).errorClass).toBe('timeout');
    await eventually(() => isCut);
    answerLate();
    expect((await sender.send(to, outgoing)).status).toBe(200);
  });
});

describe('an answer that is too long', () => {
  it.each([
    [200, 'delivered', null],
    [500, 'retry', 'http_status'],
  ])('is cut off with its connection; its status counts: %d', async (status, verdict, errorClass) => {
    const receiver = await newReceiver();
    const sender = newSender({ WEBHOOK_ANSWER_LIMIT: '65536' });
    receiver.next('/', behaviours.flood(10 * 1024 * 1024, status));
    const to = target(receiver.url());
    const result = await sender.send(to, outgoing);
    expect(result).toMatchObject({ status, verdict, errorClass, bodyExcerpt: 'x'.repeat(1_000) });
    expect((await sender.send(to, outgoing)).verdict).toBe('delivered');
    expect(receiver.connections).toBe(2);
  });

  it('is what has one byte too many', async () => {
    const receiver = await newReceiver();
    const sender = newSender({ WEBHOOK_ANSWER_LIMIT: '1024' });
    const to = target(receiver.url());
    receiver.behave(behaviours.answer(200, { body: 'x'.repeat(1_024) }));
    await sender.send(to, outgoing);
    await nextTurn();
    await sender.send(to, outgoing);
    await nextTurn();
    expect(receiver.connections).toBe(1);
    receiver.next('/', behaviours.answer(200, { body: 'x'.repeat(1_025) }));
    expect((await sender.send(to, outgoing)).verdict).toBe('delivered');
    await nextTurn();
    await sender.send(to, outgoing);
    expect(receiver.connections).toBe(2);
  });
});

describe('TLS', () => {
  const certificate = selfSignedCertificate();

  it('refuses a certificate that no authority signed', async () => {
    const receiver = await newReceiver({ certificate });
    const { host } = new URL(receiver.url());
    const result = await newSender().send(target(receiver.url()), outgoing);
    expect(failed(result)).toEqual([
      'tls',
      'retry',
      `The TLS handshake with ${host} failed: its certificate is signed by itself, not by an authority that is trusted here.`,
    ]);
    expect(result.address).toBe('127.0.0.1');
    expect(receiver.count).toBe(0);
  });

  it('refuses a server that does not speak it', async () => {
    const receiver = await newReceiver();
    const result = await newSender().send(target(receiver.url().replace('http:', 'https:')), outgoing);
    expect(result).toMatchObject({ errorClass: 'tls', verdict: 'retry' });
    expect(result.error).toMatch(/does not speak TLS/);
  });

  it('is not there where the URL does not say so', async () => {
    const receiver = await newReceiver({ certificate });
    const result = await newSender().send(target(receiver.url().replace('https:', 'http:')), outgoing);
    expect(['invalid_answer', 'connection_reset']).toContain(result.errorClass);
    expect(receiver.count).toBe(0);
  });

  describe('with an authority that is trusted', () => {
    const usual = getCACertificates('default');
    const other = selfSignedCertificate('other.test');
    beforeAll(() => setDefaultCACertificates([...usual, certificate.cert, other.cert]));
    afterAll(() => setDefaultCACertificates(usual));

    it('reaches the server by its name and by its address', async () => {
      const receiver = await newReceiver({ certificate });
      const sender = newSender();
      names.set('localhost', ['127.0.0.1']);
      const byName = receiver.url().replace('127.0.0.1', 'localhost');
      for (const url of [byName, receiver.url(), byName]) {
        expect(await sender.send(target(url), outgoing)).toMatchObject({
          verdict: 'delivered',
          address: '127.0.0.1',
        });
      }
      expect(receiver.connections).toBe(2);
    });

    it('refuses the certificate of another name', async () => {
      const receiver = await newReceiver({ certificate: other });
      const result = await newSender().send(target(receiver.url()), outgoing);
      expect(result.errorClass).toBe('tls');
      expect(result.error).toContain('its certificate is for another name.');
    });
  });
});

describe('addresses that may not be reached', () => {
  it('are not reached, written in any way, though something listens there', async () => {
    const receiver = await newReceiver({ host: '127.0.0.2' });
    const { port } = new URL(receiver.url());
    names.set('internal.test', ['127.0.0.2']);
    names.set('localhost', ['127.0.0.2']);
    names.set('localhost.', ['127.0.0.2']);
    const sender = newSender();
    for (const host of [
      ...['127.0.0.2', '2130706434', '0x7f.2', '0177.0.0.2', '127.2', '[::ffff:127.0.0.2]', '127.0.0.2.'],
      ...['internal.test', 'localhost', 'localhost.'],
    ]) {
      const result = await sender.send(target(`http://${host}:${port}/`), outgoing);
      expect([host, result.errorClass, result.verdict, result.address]).toEqual([
        host,
        'address_refused',
        'retry',
        null,
      ]);
    }
    expect(failed(await sender.send(target(`http://internal.test:${port}/`), outgoing))[2]).toBe(
      'internal.test is at 127.0.0.2, which is a loopback address: webhooks must not reach it. ' +
        'WEBHOOK_ALLOWED_CIDRS can allow it.',
    );
    expect(receiver.connections).toBe(0);
  });

  it('refuse a name for good, though others of its addresses may be reached', async () => {
    const receiver = await newReceiver();
    const { port } = new URL(receiver.url());
    names.set('mixed.test', ['127.0.0.1', '10.0.0.1']);
    const result = await newSender().send(target(`http://mixed.test:${port}/`), outgoing);
    expect(result.errorClass).toBe('address_refused');
    expect(result.error).toContain('mixed.test is at 10.0.0.1, which is a private address');
    expect(receiver.connections).toBe(0);
  });

  it('are not reached by a name that means something else the next time', async () => {
    const allowed = await newReceiver();
    const port = Number(new URL(allowed.url()).port);
    const internal = await newReceiver({ host: '127.0.0.2', port });
    names.set('rebind.test', ['127.0.0.1'], ['127.0.0.2']);
    names.asked.length = 0;
    allowed.behave(behaviours.answer(200, { headers: { connection: 'close' } }));
    const sender = newSender();
    const to = target(`http://rebind.test:${port}/`);

    // The socket connects to what was checked: the name is looked up once, and only once.
    expect(await sender.send(to, outgoing)).toMatchObject({ verdict: 'delivered', address: '127.0.0.1' });
    expect(names.asked).toEqual(['rebind.test']);
    expect(allowed.requests[0]?.headers.host).toBe(`rebind.test:${port}`);
    // The next connection is checked anew.
    expect((await sender.send(to, outgoing)).errorClass).toBe('address_refused');
    expect(names.asked).toEqual(['rebind.test', 'rebind.test']);
    expect(internal.connections).toBe(0);
  });
});

describe('connections', () => {
  it('are kept and used again, and are not more than attempts at once', async () => {
    const receiver = await newReceiver();
    const sender = newSender({ WEBHOOK_CONCURRENCY: '4' });
    const to = target(receiver.url());
    for (let index = 0; index < 10; index++) {
      await sender.send(to, outgoing);
      await nextTurn();
    }
    expect(receiver.connections).toBe(1);
    const results = await Promise.all(Array.from({ length: 40 }, () => sender.send(to, outgoing)));
    expect(results.every(({ verdict }) => verdict === 'delivered')).toBe(true);
    expect(receiver.connections).toBe(4);
  });

  it('are not kept where there are very many already', async () => {
    const sender = newSender({ WEBHOOK_CONCURRENCY: '1' });
    const said: unknown[] = [];
    for (let index = 0; index < 6; index++) {
      const receiver = await newReceiver();
      await sender.send(target(receiver.url()), outgoing);
      said.push(receiver.requests[0]?.headers.connection);
    }
    expect(said).toEqual([...Array(5).fill('keep-alive'), 'close']);
  });

  it('that one attempt waits for do not hold up its deadline', async () => {
    const receiver = await newReceiver();
    receiver.behave(behaviours.hangBeforeHeaders);
    const sender = newSender({ ...WITH_DEADLINE, WEBHOOK_CONCURRENCY: '1' });
    const to = target(receiver.url());
    const [first, second] = await Promise.all([sender.send(to, outgoing), sender.send(to, outgoing)]);
    expect(first?.errorClass).toBe('timeout');
    expect(second?.errorClass).toBe('timeout');
    expect(second?.duration).toBeLessThan(DEADLINE + LATE);
  });

  it('do not take what was broken off while it waited for one', async () => {
    const receiver = await newReceiver();
    const sender = newSender({ WEBHOOK_CONCURRENCY: '1' });
    const to = target(receiver.url());
    const stopping = new AbortController();
    let answerFirst: () => void = () => undefined;
    receiver.next('/', (response) => {
      answerFirst = () => behaviours.succeed(response);
    });
    const first = sender.send(to, outgoing);
    await receiver.received(1);
    const waiting = sender.send(to, outgoing, stopping.signal);
    const last = sender.send(to, outgoing);
    stopping.abort();
    expect((await waiting).errorClass).toBe('aborted');
    answerFirst();
    expect((await first).verdict).toBe('delivered');
    expect((await last).verdict).toBe('delivered');
    expect(receiver.count).toBe(2);
  });

  it('are given up where the attempt is broken off', async () => {
    const receiver = await newReceiver();
    receiver.behave(behaviours.hangBeforeHeaders);
    const sender = newSender();
    const stopping = new AbortController();
    const sending = sender.send(target(receiver.url()), outgoing, stopping.signal);
    await receiver.received(1);
    stopping.abort();
    expect(failed(await sending)).toEqual([
      'aborted',
      'retry',
      'Otklik broke the attempt off, because this process stops.',
    ]);
    expect((await sender.send(target(receiver.url()), outgoing, stopping.signal)).errorClass).toBe('aborted');
    expect(receiver.count).toBe(1);
  });

  it('end with the application, and their attempts with them', async () => {
    const receiver = await newReceiver();
    receiver.behave(behaviours.hangBeforeHeaders);
    names.set('slow.test', 'never');
    const sender = newSender();
    const sending = [
      sender.send(target(receiver.url()), outgoing),
      sender.send(target('http://slow.test/'), outgoing),
      sender.send(target(`https://127.0.0.1:${await silentServer()}/`), outgoing),
    ];
    await receiver.received(1);
    await eventually(() => sockets.size === 1);
    await sender.onApplicationShutdown();
    await eventually(() => [...sockets].every((socket) => socket.destroyed));
    for (const result of await Promise.all(sending)) expect(result.errorClass).toBe('aborted');
    expect((await sender.send(target(receiver.url()), outgoing)).errorClass).toBe('aborted');
  });
});
