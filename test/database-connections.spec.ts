import { DataSource } from 'typeorm';
import { poolOf } from '../src/database/pinging-pool.js';
import type { Health } from '../src/health/health.schemas.js';
import { eventually } from './support/eventually.js';
import { TcpProxy } from './support/tcp-proxy.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

describe('connections to the database (I9)', () => {
  const otklik = new TestOtklik({ env: { DATABASE_POOL_MAX: '4' } });
  beforeAll(() => otklik.start());
  afterAll(() => otklik.stop());

  const burst = () =>
    Promise.all([
      ...Array.from({ length: 6 }, () => otklik.api.get('/api/messages?limit=1')),
      ...Array.from({ length: 3 }, () => otklik.receive({ clientId: newClient(), content: 'Hello' })),
      otklik.api.get('/api/events?limit=1'),
    ]);

  it('that died are never handed to a request', async () => {
    for (let round = 0; round < 5; round++) {
      await burst();
      const ended = await otklik.database.query<{ ended: boolean }>(
        `select pg_terminate_backend(pid, 5000) as ended from pg_stat_activity
          where datname = current_database() and application_name = 'otklik'`,
      );
      expect(ended.length).toBeGreaterThan(0);
      const statuses = (await burst()).map(({ status }) => status);
      expect(statuses.filter((status) => status >= 300)).toEqual([]);
    }
  });

  it('that hang without a word are not handed out either', async () => {
    const proxy = await TcpProxy.before(otklik.database.url);
    const behind = new TestOtklik({
      databaseUrl: () => proxy.url,
      env: { DATABASE_POOL_PING_AFTER: 'PT0S', DATABASE_POOL_MAX: '2' },
    });
    await behind.start();
    expect((await behind.api.get('/api/messages')).status).toBe(200);
    proxy.hang();
    const [listed, received] = await Promise.all([
      behind.api.get('/api/messages'),
      behind.receive({ clientId: newClient(), content: 'Through' }),
    ]);
    expect([listed.status, received.status]).toEqual([200, 201]);
    await behind.stop();
    await proxy.close();
  });

  it('that hung are replaced for health, as soon as new ones work', async () => {
    const proxy = await TcpProxy.before(otklik.database.url);
    const behind = new TestOtklik({
      databaseUrl: () => proxy.url,
      env: {
        DATABASE_POOL_PING_AFTER: 'PT1H',
        DATABASE_POOL_IDLE: 'PT1H',
        DATABASE_STATEMENT_TIMEOUT: 'PT1H',
        HEALTH_PROBE_TIMEOUT: 'PT0.5S',
      },
    });
    await behind.start();
    const health = async () => (await behind.api.get('/health/database')).status;
    await eventually(health, (status) => status === 200);
    const pool = poolOf(behind.part(DataSource));
    const before = pool.totalCount;
    proxy.hang();
    expect(await health()).toBe(503);
    // Nobody else shall get it, and wait until it is found dead.
    await eventually(() => pool.totalCount < before);
    await eventually(health, (status) => status === 200);
    await behind.stop();
    await proxy.close();
  });

  it('are too few for health where more work waits for one than there are', async () => {
    const small = new TestOtklik({ beside: otklik, env: { DATABASE_POOL_MAX: '2' } });
    await small.start();
    const pool = poolOf(small.part(DataSource));
    for (const [waiting, status] of [
      [2, 'healthy'],
      [3, 'degraded'],
    ] as const) {
      const held = await Promise.all([pool.connect(), pool.connect()]);
      const waits = Array.from({ length: waiting }, () => pool.connect());
      const answer = small.api.get<Health>('/health/database');
      // It waits for a connection itself, in the line behind the others.
      await eventually(() => pool.waitingCount > waiting);
      for (const client of held) client.release();
      for (const wait of waits) (await wait).release();
      expect((await answer).body.checks.database).toMatchObject({ status, waiting, inUse: 2, max: 2 });
    }
    await small.stop();
  });

  it('that die in the middle of a message leave it stored once', async () => {
    const { clientId } = await otklik.accept({ clientId: newClient(), content: 'Before' });
    const before = await otklik.database.countRows();
    const answer = await otklik.database.during(
      `select from clients where id = '${clientId}' for update`,
      async () => {
        const answer = otklik.receive({ clientId, content: 'Once' }, { 'idempotency-key': 'cut-off' });
        await otklik.database.untilBlocked(1);
        await otklik.database.query(
          `select pg_terminate_backend(pid, 5000) from pg_stat_activity
            where datname = current_database() and application_name = 'otklik' and wait_event_type = 'Lock'`,
        );
        return { answer };
      },
    );
    expect((await answer.answer).status).toBe(201);
    expect((await otklik.database.countRows()).messages).toBe(before.messages + 1);
  });

  it('that are lost between the commit and its answer do not double the message, key or no key', async () => {
    const proxy = await TcpProxy.before(otklik.database.url);
    const behind = new TestOtklik({
      databaseUrl: () => proxy.url,
      env: { DATABASE_STATEMENT_TIMEOUT: 'PT0.5S' },
    });
    await behind.start();
    const { clientId } = await behind.accept({ clientId: newClient(), content: 'Before' });
    const { answer } = await otklik.database.during(
      `select from clients where id = '${clientId}' for update`,
      async () => {
        const answer = behind.receive({ clientId, content: 'Committed, but who knows' });
        await otklik.database.untilBlocked(1);
        proxy.hang();
        return { answer };
      },
    );
    const { status, body } = await answer;
    expect(status).toBe(201);
    expect(body).toMatchObject({
      content: 'Committed, but who knows',
      isFirstMessage: false,
      duplicate: null,
    });
    expect((await otklik.api.get(`/api/messages/${body.id}`)).body).toEqual(body);
    expect(await otklik.api.all(`/api/messages?clientId=${clientId}`)).toHaveLength(2);
    await behind.stop();
    await proxy.close();
  });

  it('are waited for only so long: then the request gets 503', async () => {
    const small = new TestOtklik({
      beside: otklik,
      env: { DATABASE_POOL_MAX: '1', DATABASE_POOL_WAIT: 'PT0.5S' },
    });
    await small.start();
    const { conversationId, clientId } = await small.accept({ clientId: newClient(), content: 'Before' });
    const { holding, refused } = await otklik.database.during(
      `select from clients where id = '${clientId}' for update`,
      async () => {
        const holding = small.api.post(`/api/conversations/${conversationId}/close`, { reason: 'solved' });
        await otklik.database.untilBlocked(1);
        const refused = [
          await small.api.get('/api/messages'),
          await small.receive({ clientId: newClient(), content: 'Hello' }),
        ];
        return { holding, refused };
      },
    );
    expect((await holding).status).toBe(200);
    for (const { status, body } of refused) {
      expect([status, body]).toEqual([503, expect.objectContaining({ code: 'database_unavailable' })]);
    }
    expect((await small.api.get('/api/messages')).status).toBe(200);
    await small.stop();
  });
});
