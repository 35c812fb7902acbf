import { eventually } from './support/eventually.js';
import { RedisServer } from './support/redis-server.js';
import { Scrape } from './support/scrape.js';
import { SECOND } from './support/settable-clock.js';
import { TestOtklik } from './support/test-otklik.js';

const START = Date.parse('2026-11-21T02:00:00.000Z') / 1000;

describe('metrics of what Otklik stands on', () => {
  let redis: RedisServer;
  let otklik: TestOtklik;
  beforeAll(async () => {
    redis = await RedisServer.start();
    otklik = new TestOtklik({
      env: { REDIS_URL: redis.url, REDIS_BREAKER_FAILURES: '1', METRICS_DATABASE_INTERVAL: 'PT0S' },
    });
    await otklik.start();
  });
  afterAll(async () => {
    await otklik.stop();
    await redis.stop();
  });

  const scrape = () => Scrape.of(otklik.api);
  const policies = () => otklik.api.get('/api/reminder-policies');

  it('count what is looked up in the caches, and where it was found', async () => {
    const found = (seen: Scrape) =>
      ['miss', 'near_hit'].map(
        (result) => seen.value('otklik_cache_requests_total', { kind: 'api_keys', result }) ?? 0,
      );
    const { body: made } = await otklik.api.post<{ key: string }>('/api/api-keys', {
      name: 'metrics',
      scopes: ['messages:read'],
    });
    const [missed = 0, near = 0] = found(await scrape());
    const caller = otklik.api.withKey(made.key);
    for (let calls = 0; calls < 3; calls++) expect((await caller.get('/api/messages')).status).toBe(200);
    expect(found(await scrape())).toEqual([missed + 1, near + 2]);
  });

  it('say whether Redis answers, and how often it was left alone', async () => {
    await policies();
    const well = await eventually(scrape, (seen) => seen.value('otklik_redis_up') === 1);
    expect(well.value('otklik_redis_latency_seconds')).toBeLessThan(5);
    expect(well.value('otklik_redis_avoided_total')).toBe(0);
    await redis.stop();
    const away = await eventually(
      async () => {
        otklik.clock.advance(20 * SECOND);
        await policies();
        return scrape();
      },
      (seen) => seen.value('otklik_redis_avoided_total') !== 0,
    );
    expect(away.value('otklik_redis_up')).toBe(0);
  });

  it('say when backups were made, and when one failed', async () => {
    const never = await scrape();
    expect(never.value('otklik_backup_last_completed_timestamp_seconds')).toBe(0);
    expect(never.value('otklik_backup_last_failed_timestamp_seconds')).toBe(0);
    await otklik.database.execute(
      `insert into backup_runs (id, action, kind, filename, status, phase, started_at, finished_at, leased_until)
       select gen_random_uuid(), action::backup_action, 'manual', 'spec', status::backup_status, 'done', start,
              start + make_interval(secs => seconds), start
         from (values ('backup', 'completed', 60), ('restore', 'completed', 90), ('backup', 'failed', 70))
                as run (action, status, seconds),
              to_timestamp(${START}) as start`,
    );
    const seen = await scrape();
    expect(seen.value('otklik_backup_last_completed_timestamp_seconds')).toBe(START + 60);
    expect(seen.value('otklik_backup_last_failed_timestamp_seconds')).toBe(START + 70);
  });

  it('say for how long a scheduled backup has been due', async () => {
    const overdue = async () => (await scrape()).value('otklik_backup_overdue_seconds');
    expect(await overdue()).toBe(0);
    await otklik.database.execute(
      `update backup_schedule set daily_at = '08:00', weekly_at = 'Monday 08:30',
         daily_slot = '2026-11-21T08:00:00Z', weekly_slot = '2026-11-16T08:30:00Z'`,
    );
    expect(await overdue()).toBe(0);
    // The one that has been due for longest counts.
    await otklik.database.execute(`update backup_schedule set daily_slot = '2026-11-20T08:00:00Z'`);
    expect(await overdue()).toBe((otklik.clock.now() - Date.parse('2026-11-21T08:00:00Z')) / 1000);
    await otklik.database.execute(`update backup_schedule set weekly_slot = '2026-11-09T08:30:00Z'`);
    expect(await overdue()).toBe((otklik.clock.now() - Date.parse('2026-11-16T08:30:00Z')) / 1000);
    await otklik.database.execute(`update backup_schedule set daily_at = 'off', weekly_at = 'off'`);
    expect(await overdue()).toBe(0);
  });

  it('say whether it is maintenance', async () => {
    expect((await scrape()).value('otklik_maintenance')).toBe(0);
    await otklik.api.post('/api/system/maintenance', { enabled: true, reason: 'a spec' });
    expect((await scrape()).value('otklik_maintenance')).toBe(1);
    await otklik.api.post('/api/system/maintenance', { enabled: false });
  });

  it('say nothing of what is not configured', async () => {
    const bare = new TestOtklik({ databaseUrl: () => otklik.database.url });
    await bare.start();
    const seen = await Scrape.of(bare.api);
    await bare.stop();
    expect([...seen.names].filter((name) => /_(redis_up|redis_latency|replica)/.test(name))).toEqual([]);
  });

  it('say of each replica whether lists are read from it', async () => {
    // The primary is no replica of itself, so it is none that can be used.
    const reading = new TestOtklik({
      databaseUrl: () => otklik.database.url,
      env: { DATABASE_REPLICA_URLS: otklik.database.url },
    });
    await reading.start();
    const { host, port, pathname } = new URL(otklik.database.url);
    const replica = `${port ? host : `${host}:5432`}${pathname}`;
    const seen = await Scrape.of(reading.api);
    await reading.stop();
    expect(seen.value('otklik_replica_usable', { replica })).toBe(0);
  });
});
