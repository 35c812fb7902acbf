import { DataSource } from 'typeorm';
import { loadConfig } from '../src/config/config.js';
import { createDataSource } from '../src/database/data-source.js';
import { ListReads } from '../src/database/replicas/list-reads.js';
import { Replica } from '../src/database/replicas/replica.js';
import { Replicas } from '../src/database/replicas/replicas.js';
import type { Health, HealthCheck } from '../src/health/health.schemas.js';
import { requestContext } from '../src/logging/request-context.js';
import { ApiClient } from './support/api-client.js';
import { CapturedLog } from './support/captured-log.js';
import { eventually } from './support/eventually.js';
import { ask, ReplicatedPostgres } from './support/replicated-postgres.js';
import { SECOND } from './support/settable-clock.js';
import { TcpProxy } from './support/tcp-proxy.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

describe('lists that are read from a replica', () => {
  let postgres: ReplicatedPostgres;
  const databaseUrl = () => postgres.url;
  const env = { DATABASE_REPLICA_MAX_LAG: 'PT1M' };
  let one: TestOtklik;
  let two: TestOtklik;
  let reader: ApiClient;

  beforeAll(async () => {
    postgres = await ReplicatedPostgres.start();
    const replicated = { ...env, DATABASE_REPLICA_URLS: postgres.replicaUrl };
    one = new TestOtklik({ databaseUrl, env: replicated });
    await one.start();
    // For all it knows, it has two of them.
    const twice = {
      ...env,
      DATABASE_REPLICA_URLS: `${postgres.replicaUrl},${postgres.replicaUrl}?keepalives=1`,
    };
    two = new TestOtklik({ beside: one, env: twice });
    await two.start();
    const { key } = await one.createKey({ name: 'reader', scopes: ['messages:read', 'system:read'] });
    reader = new ApiClient(two.url, key);
    await untilRead();
  }, 60_000);
  afterAll(async () => {
    reader?.close();
    await two?.stop();
    await one?.stop();
    await postgres?.stop();
  });

  const health = async (of: TestOtklik) =>
    (await of.api.get<Health>('/health/full')).body.checks.replicas as HealthCheck & ReplicaFacts;

  /** Each look at the replica is a second of Otklik's time. */
  const untilHealth = (status: string) =>
    eventually(
      async () => {
        one.clock.advance(SECOND);
        return [await health(one), await health(two)];
      },
      (checks) => checks.every((check) => check.status === status),
    );

  async function pass(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second++) {
      one.clock.advance(SECOND);
      await Promise.all([health(one), health(two)]);
    }
  }

  /** Lets the time pass after which whoever wrote is given what replicas have, if they have what he wrote. */
  async function untilRead(): Promise<void> {
    const since = one.clock.now() + OWN_WRITES + SECOND;
    await eventually(
      () => pass(1),
      () => [one, two].every((otklik) => otklik.part(Replicas).next(since)),
    );
  }

  const contents = async (api: ApiClient, clientId: string) => {
    const { body } = await api.get<{ data: { content: string }[] }>(`/api/messages?clientId=${clientId}`);
    return body.data.map(({ content }) => content);
  };

  it('are as old as the replica for who wrote nothing, and have what he wrote for who did, in each process', async () => {
    const clientId = newClient();
    await postgres.pauseReplay();
    try {
      await one.accept({ clientId, content: 'Hello' });
      expect(await contents(reader, clientId)).toEqual([]);
      expect(await contents(one.api, clientId)).toEqual(['Hello']);
      // The other process is told before the answer is there, and may hear it a moment later.
      await eventually(
        () => contents(two.api, clientId),
        ([first]) => first === 'Hello',
      );
      // However much later: the replica does not have it yet.
      await pass(12);
      expect(await contents(one.api, clientId)).toEqual(['Hello']);
      expect(await contents(two.api, clientId)).toEqual(['Hello']);
      expect(await contents(reader, clientId)).toEqual([]);
    } finally {
      await postgres.resumeReplay();
    }
    await eventually(
      () => contents(reader, clientId),
      ([first]) => first === 'Hello',
    );
  });

  it('come from it for who wrote, once it has what he wrote', async () => {
    const clientId = newClient();
    await one.accept({ clientId, content: 'Hello' });
    await untilRead();
    await postgres.pauseReplay();
    try {
      // Behind Otklik's back: nobody was told that somebody wrote.
      await ask(postgres.url, `update messages set content = 'Changed' where client_id = '${clientId}'`);
      expect(await contents(one.api, clientId)).toEqual(['Hello']);
      expect(await contents(two.api, clientId)).toEqual(['Hello']);
    } finally {
      await postgres.resumeReplay();
    }
  });

  it.each([
    ['conversations', '/api/conversations'],
    ['messages', '/api/messages'],
    ['escalations', '/api/escalations'],
    ['events', '/api/events'],
    ['reminders', '/api/reminders'],
    ['audit_log', '/api/system/audit'],
  ])('of %s are asked of the replica', async (table, path) => {
    await untilRead();
    expect((await reader.get(path)).status).toBe(200);
    const statements = await ask<{ query: string }>(
      postgres.replicaUrl,
      `select query from pg_stat_activity where application_name = 'otklik'`,
    );
    expect(statements.map(({ query }) => query).join('\n')).toMatch(new RegExp(`FROM "?${table}"?\\s`, 'i'));
  });

  it('come from several replicas in turn', async () => {
    await untilRead();
    const replicas = two.part(Replicas);
    const [first, second, third] = [replicas.next(0), replicas.next(0), replicas.next(0)];
    expect([first === second, first === third]).toEqual([false, true]);
  });

  it('come from the primary where the replica cancels what is in the way of its replay', async () => {
    await untilRead();
    const asked: DataSource[] = [];
    const read = async (source: DataSource) => {
      asked.push(source);
      if (asked.length === 1) throw Object.assign(new Error('conflict with recovery'), { code: '40001' });
      return 'rows';
    };
    const origin = { ip: '127.0.0.1', caller: { id: 'somebody', name: 'Somebody' } };
    const lists = two.part(ListReads);
    const rows = requestContext.run({ traceId: '', requestId: '', origin }, () => lists.from(read));
    expect(await rows).toBe('rows');
    expect(asked.map((source) => source === two.part(DataSource))).toEqual([false, true]);
  });

  describe('by itself', () => {
    const open: Replica[] = [];
    afterEach(async () => {
      for (const replica of open.splice(0)) await replica.close();
    });

    function replicaAt(url: string): Replica {
      const { database } = loadConfig({ DATABASE_POOL_MAX: '2' });
      const replica = new Replica(createDataSource(url, database, [], new CapturedLog().log), url, SECOND);
      open.push(replica);
      return replica;
    }

    it('is not asked where it has fallen back behind all that is remembered', async () => {
      const replica = replicaAt(postgres.replicaUrl);
      await replica.check([{ at: 1, position: 0n }]);
      expect(replica.has(0)).toBe(true);
      await replica.check([{ at: 2, position: 2n ** 63n }]);
      expect(replica.has(0)).toBe(false);
      expect(replica.report().problem).toBe('it is further behind than is remembered');
    });

    it('keeps nobody waiting where it hangs, and answers again afterwards', async () => {
      const proxy = await TcpProxy.before(postgres.replicaUrl);
      const replica = replicaAt(proxy.url);
      await replica.check([]);
      const { dataSource } = replica;
      await Promise.all([dataSource.query('select 1'), dataSource.query('select 2')]);
      proxy.hang();
      const read = expect(dataSource.query('select 1')).rejects.toThrow('Connection terminated');
      await replica.check([]);
      await read;
      expect(await dataSource.query('select 3 as three')).toEqual([{ three: 3 }]);
      await proxy.close();
    });
  });

  it('come from the primary while it is too far behind, or away, and from it again afterwards', async () => {
    const clientId = newClient();
    await untilRead();
    await postgres.pauseReplay();
    await one.accept({ clientId, content: 'Hello' });
    expect(await contents(reader, clientId)).toEqual([]);
    one.clock.advance(60 * SECOND);
    const [late] = await untilHealth('degraded');
    expect(late?.message).toMatch(/^127\.0\.0\.1:\d+\/postgres: it is \d+ ms behind$/);
    expect(late?.replicas).toEqual([expect.objectContaining({ lagMs: expect.any(Number) })]);
    expect(await contents(reader, clientId)).toEqual(['Hello']);
    await postgres.resumeReplay();
    await untilHealth('healthy');
    await postgres.stopReplica();
    // Nobody has asked it yet, and the first who does gets his answer all the same.
    expect(await contents(reader, clientId)).toEqual(['Hello']);
    const [away] = await untilHealth('degraded');
    expect(away?.message).toContain('ECONNREFUSED');
    expect(await contents(reader, clientId)).toEqual(['Hello']);
    expect((await reader.get('/health/ready')).status).toBe(200);
    await postgres.startReplica();
    await untilHealth('healthy');
    expect(await contents(reader, clientId)).toEqual(['Hello']);
  });

  // The last one: there is no way back.
  it('come from the primary once it was promoted', async () => {
    await untilHealth('healthy');
    await ask(postgres.replicaUrl, 'select pg_promote()');
    const [promoted] = await untilHealth('degraded');
    expect(promoted?.message).toContain('it is no replica');
  });
});

/** DATABASE_REPLICA_OWN_WRITES, in milliseconds. */
const OWN_WRITES = 5 * SECOND;

interface ReplicaFacts {
  readonly replicas: readonly { readonly lagMs: number | null }[];
}
