import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { basename, join } from 'node:path';
import { DataDirectory } from '../src/database/data-directory.js';
import type { MessageView } from '../src/messages/message.schemas.js';
import { isAlive, ProcessStarter, postmasterOf } from './process/started-process.js';
import { ApiClient, type PageOf } from './support/api-client.js';
import { eventually } from './support/eventually.js';

const KEY = 'otk_p3XqYV0sSxJgH1mOe7bN4cRzKd9uTfWlA6iQhE2vBk8';
const STRONG_KEY = Buffer.from('0123456789abcdefghijklmnopqrstuv').toString('base64');

const starter = new ProcessStarter();

afterAll(() => starter.cleanUp());

async function holdPort(): Promise<{ server: Server; port: number }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return { server, port: address.port };
}

describe('a start with a wrong configuration', () => {
  it('ends with exit code 1 and one readable list of all faults, secrets masked', async () => {
    const started = starter.start({
      PORT: '99999',
      LOG_LEVEL: 'loud',
      DATABASE_POOL_WAIT: 'soon',
      ADMIN_API_KEY: 'change-me-0123456789-abcdefghijklmnop',
    });
    expect(await started.ended).toEqual({ code: 1, signal: null });
    expect(started.stdout).toBe('');
    expect(started.stderr.trimEnd().split('\n')).toEqual([
      'The configuration has 4 faults:',
      expect.stringMatching(/^ {2}- PORT must be at most 65535 \(it is "99999"\)$/),
      expect.stringMatching(/^ {2}- ADMIN_API_KEY looks like a placeholder \(it is \*\*\*\)$/),
      expect.stringMatching(/^ {2}- DATABASE_POOL_WAIT must be an ISO 8601 duration/),
      expect.stringMatching(/^ {2}- LOG_LEVEL must be one of: .* \(it is "loud"\)$/),
    ]);
  });

  it('is refused with DATABASE_URL and without the secrets that only the embedded database makes', async () => {
    const started = starter.start({ DATABASE_URL: 'postgres://otklik:geheim@127.0.0.1:5432/otklik' });
    expect(await started.ended).toEqual({ code: 1, signal: null });
    expect(started.stderr).toContain('ADMIN_API_KEY is required with DATABASE_URL');
    expect(started.stderr).toContain('SECRET_ENCRYPTION_KEY is required with DATABASE_URL');
    expect(started.stderr).not.toContain('geheim');
  });
});

describe('a start without its database', () => {
  it('waits for DATABASE_START_WAIT, then says what it waited for and ends with exit code 1', async () => {
    const { server, port } = await holdPort();
    server.close();
    const started = starter.start({
      DATABASE_URL: `postgres://otklik:geheim@127.0.0.1:${port}/otklik`,
      DATABASE_START_WAIT: 'PT1S',
      ADMIN_API_KEY: KEY,
      SECRET_ENCRYPTION_KEY: STRONG_KEY,
    });
    await started.said('The database does not answer yet');
    expect(await started.ended).toEqual({ code: 1, signal: null });
    expect(started.stderr.trim()).toMatch(
      /^Otklik did not start: The database otklik at 127.0.0.1:\d+ cannot be used: .*ECONNREFUSED.*$/,
    );
    expect(started.stderr + started.stdout).not.toContain('geheim');
  });

  it('can be called off while it waits', async () => {
    const { server, port } = await holdPort();
    server.close();
    const started = starter.start({
      DATABASE_URL: `postgres://otklik:geheim@127.0.0.1:${port}/otklik`,
      ADMIN_API_KEY: KEY,
      SECRET_ENCRYPTION_KEY: STRONG_KEY,
    });
    await started.said('The database does not answer yet');
    expect(await started.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  });
});

describe('a port that is taken', () => {
  const dataDir = starter.folder();
  let server: Server;
  let port: number;

  beforeAll(async () => {
    ({ server, port } = await holdPort());
  });

  afterAll(() => server.close());

  it('is a one-line error with exit code 1, and leaves nothing running', async () => {
    const started = starter.start({ DATA_DIR: dataDir, PORT: String(port) });
    expect(await started.ended).toEqual({ code: 1, signal: null });
    expect(started.stderr.trim()).toBe(
      `Otklik did not start: Port ${port} on 127.0.0.1 is taken. ` +
        'Set PORT to another one, or PORT_IF_TAKEN=next to take the next free one.',
    );
    expect(postmasterOf(dataDir)).toBeUndefined();
  });

  it('is passed over with PORT_IF_TAKEN=next', async () => {
    const started = starter.start({ DATA_DIR: dataDir, PORT: String(port), PORT_IF_TAKEN: 'next' });
    const url = new URL(await started.listening());
    expect(Number(url.port)).toBeGreaterThan(port);
    expect((await fetch(new URL('/health/ready', url))).status).toBe(200);
    expect(await started.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  });
});

describe('a host that is not of this machine', () => {
  it('is a one-line error with exit code 1, before anything is started', async () => {
    const dataDir = starter.folder();
    const started = starter.start({ DATA_DIR: dataDir, HOST: '203.0.113.7', PORT: '0' });
    expect(await started.ended).toEqual({ code: 1, signal: null });
    expect(started.stderr.trim()).toBe(
      'Otklik did not start: HOST 203.0.113.7 is not an address of this machine. ' +
        'Set it to one that is, or to 0.0.0.0 for all of them.',
    );
    expect(postmasterOf(dataDir)).toBeUndefined();
  });
});

describe('an Otklik with its embedded database', () => {
  const dataDir = starter.folder();
  const keyFile = join(dataDir, 'secrets', 'admin-api-key');

  it('takes a free port with PORT=0, and prints the key that it made, once', async () => {
    const first = starter.start({ DATA_DIR: dataDir });
    const url = await first.listening();
    const key = readFileSync(keyFile, 'utf8').trim();
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    expect(first.stderr).toContain(`Otklik listens at ${url}`);
    expect(first.stderr).toContain(key);
    expect(first.stdout).not.toContain(key);
    const api = new ApiClient(url, key);
    expect(await api.post('/api/messages', { clientId: 'anna', content: 'first' })).toMatchObject({
      status: 201,
    });
    expect(await first.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    api.close();

    const second = starter.start({ DATA_DIR: dataDir });
    await second.listening();
    expect(second.stderr).not.toContain(key);
    expect(second.stderr).toContain(`${basename(dataDir)}/secrets/admin-api-key`);
    await second.kill('SIGTERM');
  });

  it('refuses a second process on its data directory, naming the first', async () => {
    const first = starter.start({ DATA_DIR: dataDir });
    await first.listening();
    const second = starter.start({ DATA_DIR: dataDir });
    expect(await second.ended).toEqual({ code: 1, signal: null });
    expect(second.stderr).toContain(`The data directory ${dataDir} is in use by process ${first.pid}.`);
    expect(await first.kill('SIGINT')).toEqual({ code: 0, signal: null });
  });

  it('takes its PostgreSQL with it when it is killed, and has everything at the next start', async () => {
    const killed = starter.start({ DATA_DIR: dataDir, ADMIN_API_KEY: KEY });
    const before = new ApiClient(await killed.listening(), KEY);
    await before.post('/api/messages', { clientId: 'anna', content: 'before the kill' });
    const postmaster = postmasterOf(dataDir) ?? 0;
    expect(isAlive(postmaster)).toBe(true);
    expect(await killed.kill('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
    before.close();
    const next = starter.start({ DATA_DIR: dataDir, ADMIN_API_KEY: KEY });
    await eventually(() => !isAlive(postmaster));
    const after = new ApiClient(await next.listening(), KEY);
    const { body } = await after.get<PageOf<MessageView>>('/api/messages?clientId=anna');
    expect(body.data.map(({ content }) => content)).toEqual(['before the kill', 'first']);
    await next.kill('SIGTERM');
    after.close();
  });

  it('waits for the PostgreSQL of a killed process to end, however long that takes', async () => {
    const killed = starter.start({ DATA_DIR: dataDir, ADMIN_API_KEY: KEY });
    await killed.listening();
    const postmaster = postmasterOf(dataDir) ?? 0;
    process.kill(postmaster, 'SIGSTOP');
    await killed.kill('SIGKILL');
    const next = starter.start({ DATA_DIR: dataDir, ADMIN_API_KEY: KEY });
    await next.said('The PostgreSQL of the process before is still ending');
    process.kill(postmaster, 'SIGCONT');
    await next.listening();
    expect(await next.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  });

  it('finishes what runs at SIGTERM, stops its PostgreSQL and frees its data directory', async () => {
    const started = starter.start({ DATA_DIR: dataDir, ADMIN_API_KEY: KEY });
    const api = new ApiClient(await started.listening(), KEY);
    const held = api.post<MessageView>(
      '/api/messages',
      { clientId: 'boris', content: 'held' },
      { prefer: 'wait=2' },
    );
    await eventually(
      () => api.get<PageOf<MessageView>>('/api/messages?clientId=boris'),
      ({ body }) => body.data.length === 1,
    );
    const ended = started.kill('SIGTERM');
    expect(await held).toMatchObject({ status: 201, body: { content: 'held' } });
    expect(await ended).toEqual({ code: 0, signal: null });
    api.close();
    expect(postmasterOf(dataDir)).toBeUndefined();
    await (await DataDirectory.open(dataDir)).close();
  });

  it('reads any variable from the file that its _FILE names', async () => {
    const secret = join(starter.folder(), 'admin-key');
    writeFileSync(secret, `${KEY}\n`);
    const started = starter.start({ DATA_DIR: dataDir, ADMIN_API_KEY_FILE: secret });
    const api = new ApiClient(await started.listening(), KEY);
    expect(await api.get('/api/messages')).toMatchObject({ status: 200 });
    await started.kill('SIGTERM');
    api.close();
  });
});

describe('SIGTERM during the first start', () => {
  it('ends it in order, leaves nothing running, and the next start works', async () => {
    const dataDir = starter.folder();
    const called = starter.start({ DATA_DIR: dataDir });
    await called.said('Creating the embedded database');
    expect(await called.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(postmasterOf(dataDir)).toBeUndefined();
    const next = starter.start({ DATA_DIR: dataDir });
    expect((await fetch(new URL('/health', await next.listening()))).status).toBe(200);
    expect(await next.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  });
});

// Only root has to become somebody else for PostgreSQL, and can lock that user out.
if (process.getuid?.() === 0) {
  describe('root, in a folder that is closed to everybody else', () => {
    it('runs an embedded PostgreSQL there all the same', async () => {
      const closed = starter.folder();
      chmodSync(closed, 0o700);
      const dataDir = join(closed, 'data');
      mkdirSync(dataDir);
      const started = starter.start({ DATA_DIR: dataDir, ADMIN_API_KEY: KEY });
      const api = new ApiClient(await started.listening(), KEY);
      const { status } = await api.post('/api/messages', {
        clientId: 'root',
        content: 'behind a closed door',
      });
      expect(status).toBe(201);
      expect(await started.kill('SIGTERM')).toEqual({ code: 0, signal: null });
      expect(postmasterOf(dataDir)).toBeUndefined();
      api.close();
    });
  });
}
