import { randomBytes } from 'node:crypto';
import { DataSource } from 'typeorm';
import { loadConfig } from '../src/config/config.js';
import { poolOf } from '../src/database/pinging-pool.js';
import { PortTakenError } from '../src/http/port.js';
import type { Problem } from '../src/http/problem.js';
import { ReplyWatch } from '../src/messages/reply-watch.js';
import { openDatabase } from '../src/open-database.js';
import { startOn } from '../src/otklik.js';
import { eventually } from './support/eventually.js';
import { HOUR } from './support/settable-clock.js';
import { TcpProxy } from './support/tcp-proxy.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

describe('a process that is told to stop (E17)', () => {
  const survivor = new TestOtklik();
  beforeAll(() => survivor.start());
  afterAll(() => survivor.stop());

  async function startBeside(env: Record<string, string> = {}): Promise<TestOtklik> {
    const otklik = new TestOtklik({ beside: survivor, env });
    await otklik.start();
    return otklik;
  }

  const connections = () =>
    survivor.database.query(
      `select from pg_stat_activity where datname = current_database() and application_name like 'otklik%'`,
    );

  it('finishes what runs, takes nothing new, and loses nothing that it accepted', async () => {
    const otklik = await startBeside();
    const { url, api } = otklik;
    const clientId = newClient();
    await otklik.accept({ clientId, content: 'Before' });
    const before = await survivor.database.countRows();
    const { running, stopped, late } = await survivor.database.during(
      `select from clients where id = '${clientId}' for update`,
      async () => {
        const running = otklik.receive({ clientId, content: 'Just in time' });
        await survivor.database.untilBlocked(1);
        const stopped = otklik.stopServing();
        const late = await Promise.allSettled(
          Array.from({ length: 20 }, (_, index) =>
            api.post<Problem>('/api/messages', { clientId: newClient(), content: `Late ${index}` }),
          ),
        );
        return { running, stopped, late };
      },
    );
    expect((await running).status).toBe(201);
    await stopped;
    for (const attempt of late) {
      if (attempt.status === 'rejected') {
        expect(['ECONNREFUSED', 'ECONNRESET']).toContain(attempt.reason.code);
        continue;
      }
      const { status, body, headers } = attempt.value;
      expect(status).toBe(503);
      expect(body.code).toBe('shutting_down');
      expect(headers['content-type']).toMatch(/^application\/problem\+json/);
      expect(headers['retry-after']).toBe('1');
    }
    expect((await survivor.database.countRows()).messages).toBe(before.messages + 1);
    await expect(fetch(`${url}/health/live`)).rejects.toThrow('fetch failed');
  });

  it('gives its connections to the database back', async () => {
    const before = (await connections()).length;
    const otklik = await startBeside();
    await otklik.accept({ clientId: newClient(), content: 'Hello' });
    await otklik.stopServing();
    await eventually(connections, (open) => open.length <= before);
  });

  it('gives them back as well where it could not start', async () => {
    const before = (await connections()).length;
    const config = loadConfig({
      DATABASE_URL: survivor.database.url,
      ADMIN_API_KEY: survivor.adminApiKey,
      SECRET_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      PORT: new URL(survivor.url).port,
    });
    const { log } = survivor.log;
    await expect(startOn(await openDatabase(config, log), log)).rejects.toThrow(PortTakenError);
    await eventually(connections, (open) => open.length <= before);
  });

  it('says first that it is not ready, and serves on for a while, so that a load balancer notices', async () => {
    const otklik = await startBeside({ SHUTDOWN_DELAY: 'PT1S' });
    expect((await otklik.api.get('/health/ready')).status).toBe(200);
    const { api } = otklik;
    const stopped = otklik.stopServing();
    const ready = await api.get('/health/ready');
    const live = await api.get('/health/live');
    const served = await api.post('/api/messages', { clientId: newClient(), content: 'Still there?' });
    expect([ready.status, live.status, served.status]).toEqual([503, 200, 201]);
    // The next request on a new connection finds another process.
    expect(served.headers.connection).toBe('close');
    expect(ready.body).toMatchObject({
      status: 'unhealthy',
      checks: { process: { status: 'unhealthy', message: 'shutting down' } },
    });
    await stopped;
  });

  it('answers who waits for a reply, instead of keeping him until the deadline', async () => {
    const otklik = await startBeside();
    const clientId = newClient();
    const { conversationId } = await otklik.accept({ clientId, content: 'Hello' });
    const watches = otklik.part(ReplyWatch) as unknown as { watchers: Map<string, unknown> };
    const waiting = otklik.receive({ clientId, content: 'Anybody?' }, { prefer: 'wait=30' });
    await eventually(() => watches.watchers.has(conversationId));
    await otklik.stopServing();
    expect(await waiting).toMatchObject({ status: 201, body: { reply: null } });
  });

  it('cuts off at the deadline what does not end, and is gone', async () => {
    const otklik = await startBeside({ SHUTDOWN_DEADLINE: 'PT1S' });
    const clientId = newClient();
    await otklik.accept({ clientId, content: 'Before' });
    await survivor.database.during(`select from clients where id = '${clientId}' for update`, async () => {
      const endless = otklik.receive({ clientId, content: 'Endless' });
      const outcome = expect(endless).rejects.toMatchObject({ code: 'ECONNRESET' });
      await survivor.database.untilBlocked(1);
      await otklik.stopServing();
      await outcome;
    });
    expect(otklik.log.entries(({ level, msg }) => level === 'warn' && /deadline/.test(msg))).toHaveLength(1);
  });

  it('does not wait for a database that hangs, with what it does by itself', async () => {
    const proxy = await TcpProxy.before(survivor.database.url);
    const behind = new TestOtklik({
      databaseUrl: () => proxy.url,
      env: { ROLES: 'api,worker', SHUTDOWN_DEADLINE: 'PT1S', DATABASE_POOL_WAIT: 'PT1S' },
    });
    await behind.start();
    const pool = poolOf(behind.part(DataSource));
    await eventually(() => pool.totalCount > 0 && pool.idleCount === pool.totalCount);
    proxy.hangForGood();
    behind.clock.advance(HOUR);
    await eventually(() => pool.idleCount < pool.totalCount);
    await behind.stopServing();
    expect(pool.totalCount).toBe(0);
    await proxy.close();
  });
});
