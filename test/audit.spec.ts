import { createHash } from 'node:crypto';
import type { AuditEntryView } from '../src/audit/audit.schemas.js';
import { type AuditEntry, hashOf, NO_ENTRY } from '../src/audit/audit-entry.js';
import { AuditLog } from '../src/audit/audit-log.js';
import { AuditVerifier } from '../src/audit/audit-verifier.js';
import type { CacheStats } from '../src/cache/cache.schemas.js';
import { Transactor } from '../src/database/transactor.js';
import type { ProcessView } from '../src/processes/process.schemas.js';
import type { ApiClient, PageOf } from './support/api-client.js';
import { eventually } from './support/eventually.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

const PATH = '/api/system/audit';

describe('the audit log', () => {
  const otklik = new TestOtklik({
    env: { WEBHOOK_ALLOW_HTTP: 'true', WEBHOOK_ALLOWED_CIDRS: '127.0.0.0/8' },
  });
  beforeAll(() => otklik.start());
  afterAll(() => otklik.stop());

  const newest = async (filters = ''): Promise<AuditEntryView[]> =>
    (await otklik.api.get<PageOf<AuditEntryView>>(`${PATH}${filters}`)).body.data;

  const put = (api: ApiClient, path: string, body: unknown) =>
    api.send('PUT', path, { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });

  it('says who did what, from where, when, and how it was before and after', async () => {
    const trace = 'abcdefabcdefabcdefabcdefabcdefab';
    const manager = await otklik.createKey({ name: 'manager', scopes: ['keys:manage'] });
    const { body: made } = await otklik.api
      .withKey(manager.key)
      .post<{ id: string }>(
        '/api/api-keys',
        { name: 'shop', scopes: ['messages:read'] },
        { traceparent: `00-${trace}-0123456789abcdef-01` },
      );
    const [entry] = await newest();
    expect(entry).toMatchObject({
      at: otklik.clock.iso(),
      actor: { kind: 'api_key', id: manager.id, name: 'manager' },
      address: '127.0.0.1',
      traceId: trace,
      action: 'api_key.created',
      subject: made.id,
      before: null,
      after: {
        name: 'shop',
        scopes: ['messages:read'],
        expiresAt: null,
        prefix: expect.stringMatching(/^otk_/),
      },
    });
    await otklik.api.delete(`/api/api-keys/${made.id}`);
    expect((await newest())[0]).toMatchObject({
      actor: { name: 'administrator' },
      action: 'api_key.revoked',
      subject: made.id,
      before: { name: 'shop' },
      after: null,
    });
  });

  it('has every administrative act there is', async () => {
    const { api } = otklik;
    const { body: webhook } = await api.post<{ id: string; secret: string }>('/api/webhooks', {
      url: 'http://127.0.0.1:1/services/T0/Zk3vQ8sLw0TfYb7x?access_token=Bq6nW2xKp5VzHs8d',
      headers: { 'x-secret': 'Nc5uHd1gRj9mPe4a' },
    });
    const at = `/api/webhooks/${webhook.id}`;
    await api.send('PATCH', at, {
      body: '{"description":"changed","enabled":false,"url":"http://127.0.0.1:1/services/T0/Gy4tR7cMe1UaJf9w"}',
      headers: { 'content-type': 'application/json' },
    });
    await api.post(`${at}/enable`, {});
    await api.post(`${at}/rotate-secret`, {});
    await api.post(`${at}/replay`, { since: otklik.clock.iso(-1_000) });
    const { body: test } = await api.post<{ delivery: { id: string } }>(`${at}/test`, {});
    await api.post(`/api/deliveries/${test.delivery.id}/redeliver`, {});
    await api.delete(at);
    const policy = { delays: ['PT7M'], repeatEvery: null, escalateAtLevel: null, businessHours: null };
    await put(api, '/api/reminder-policies/low', policy);
    await api.post('/api/system/processes/reminders/pause', {});
    await api.post('/api/system/processes/reminders/pause', {});
    await api.post('/api/system/processes/reminders/resume', {});
    await api.post('/api/system/processes/reminders/resume', {});
    await api.post('/api/system/processes/reminders/run', {});
    await api.post('/api/system/monitoring/stop', {});
    // The second time, nothing changes.
    for (let times = 0; times < 2; times++)
      await api.post('/api/system/monitoring/start', { interval: 'PT45S' });
    await api.post('/api/system/retention/run', { dryRun: true });
    await api.post('/api/system/retention/run', { dryRun: false });
    await api.post('/api/system/cache/clear', { pattern: 'api_keys:*' });
    await api.post('/api/system/cache/warm-up', {});
    await api.post('/api/system/backup/schedule', { dailyAt: 'off' });
    const { clientId } = await otklik.accept({ clientId: newClient(), content: 'Hello' });
    await api.get(`/api/clients/${clientId}/export`);
    await api.delete(`/api/clients/${clientId}`);
    await api.post('/api/system/maintenance', { enabled: true, reason: 'Try.' });
    await api.post('/api/system/maintenance', { enabled: true, reason: 'Try again.' });
    await api.post('/api/system/maintenance', { enabled: false });

    const entries = (await newest('?limit=200')).toReversed();
    const acts = entries.slice(entries.findIndex(({ action }) => action === 'webhook.created'));
    expect(acts.map(({ action }) => action)).toEqual([
      'webhook.created',
      'webhook.changed',
      'webhook.enabled',
      'webhook.secret_rotated',
      'webhook.replayed',
      'webhook.tested',
      'delivery.repeated',
      'webhook.deleted',
      'reminder_policy.changed',
      'process.paused',
      'process.resumed',
      'process.run',
      'process.paused',
      'monitoring.changed',
      'process.resumed',
      'process.run',
      'cache.cleared',
      'cache.warmed_up',
      'backup.schedule_changed',
      'client.exported',
      'client.erased',
      'maintenance.entered',
      'maintenance.changed',
      'maintenance.left',
    ]);
    const changed = acts.find(({ action }) => action === 'webhook.changed');
    expect(changed).toMatchObject({
      before: { enabled: true, description: null },
      after: { enabled: false, description: 'changed' },
    });
    const [was, is] = [changed?.before?.url, changed?.after?.url];
    for (const url of [was, is]) expect(url).toMatch(/^http:\/\/127\.0\.0\.1:1\/\*\*\*#[0-9a-f]{8}$/);
    expect(was).not.toBe(is);
    expect(acts.find(({ action }) => action === 'reminder_policy.changed')).toMatchObject({
      subject: 'low',
      before: { priority: 'low' },
      after: { delays: ['PT7M'] },
    });
    const pausedAt = otklik.clock.iso();
    expect(acts.filter(({ subject }) => subject === 'reminders')).toMatchObject([
      { action: 'process.paused', before: { pausedAt: null }, after: { pausedAt } },
      { action: 'process.resumed', before: { pausedAt }, after: { pausedAt: null } },
      { action: 'process.run' },
    ]);
    const text = JSON.stringify(acts);
    const inUrls = ['Zk3vQ8sLw0TfYb7x', 'Bq6nW2xKp5VzHs8d', 'Gy4tR7cMe1UaJf9w'];
    for (const secret of [webhook.secret, ...inUrls, 'Nc5uHd1gRj9mPe4a', clientId]) {
      expect(text).not.toContain(secret);
    }
  });

  it('has nothing of what did not happen', async () => {
    const [before] = await newest('?limit=1');
    await otklik.api.delete('/api/api-keys/019aa5c6-0000-7000-8000-000000000000');
    await otklik.api.post('/api/api-keys', { name: '', scopes: [] });
    await otklik.api.get('/api/system/processes');
    expect(await newest('?limit=1')).toEqual([before]);
  });

  it('is listed by action, subject, actor and time, a page at a time', async () => {
    const all = await otklik.api.all<AuditEntryView>(`${PATH}?limit=3`);
    expect(all.map(({ number }) => number)).toEqual(all.map((_, index) => all.length - index));
    const created = await otklik.api.all<AuditEntryView>(`${PATH}?action=api_key.created&limit=1`);
    expect(created.map(({ id }) => id)).toEqual(
      all.filter(({ action }) => action === 'api_key.created').map(({ id }) => id),
    );
    const manager = all.find(({ actor }) => actor.name === 'manager')?.actor.id;
    expect(await newest(`?actorId=${manager}`)).toEqual(all.filter(({ actor }) => actor.id === manager));
    expect(await newest('?subject=low')).toEqual(all.filter(({ subject }) => subject === 'low'));
    const now = encodeURIComponent(otklik.clock.iso());
    expect(await newest(`?until=${now}`)).toEqual([]);
    expect(await newest(`?since=${now}&limit=200`)).toEqual(all);
    otklik.clock.advance(1);
    await otklik.createKey({ name: 'later', scopes: ['messages:read'] });
    expect(await newest(`?since=${encodeURIComponent(otklik.clock.iso())}`)).toHaveLength(1);
  });

  it('says what an action looks like, where it is asked for something else', async () => {
    const { status, body } = await otklik.api.refused('GET', `${PATH}?action=foo`);
    const message =
      'must be what was done, as a noun and a verb with a dot between them, such as api_key.created';
    expect([status, body.errors]).toEqual([400, [{ path: 'action', message }]]);
  });

  it('is a chain that anybody can check with what the API shows', async () => {
    const sorted = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(sorted);
      if (typeof value !== 'object' || value === null) return value;
      const names = Object.keys(value).sort();
      return Object.fromEntries(
        names.map((name) => [name, sorted((value as Record<string, unknown>)[name])]),
      );
    };
    const entries = (await otklik.api.all<AuditEntryView>(PATH)).sort((a, b) => a.number - b.number);
    let previous = '0'.repeat(64);
    for (const { hash, ...content } of entries) {
      expect(content.previous).toBe(previous);
      expect(
        createHash('sha256')
          .update(JSON.stringify(sorted(content)))
          .digest('hex'),
      ).toBe(hash);
      previous = hash;
    }
  });

  it('stays one chain while many act at once', async () => {
    const scopes = ['messages:read'];
    await Promise.all(Array.from({ length: 30 }, (_, name) => otklik.createKey({ name: `${name}`, scopes })));
    const { entries, branches, broken } = await otklik.part(AuditVerifier).verify();
    expect({ branches, broken }).toEqual({ branches: 0, broken: undefined });
    expect(entries).toBe((await newest('?limit=1'))[0]?.number);
  });

  it('has an entry of what failed, behind the one of what was begun', async () => {
    await otklik.api.post('/api/system/cache/clear', {});
    await otklik.database.execute('alter table reminder_policies rename to gone');
    await otklik.api.post('/api/system/cache/warm-up', {});
    await otklik.database.execute('alter table gone rename to reminder_policies');
    const [failed, begun] = await newest('?limit=2');
    expect(begun).toMatchObject({ action: 'cache.warmed_up', after: null });
    expect(failed).toMatchObject({
      action: 'act.failed',
      actor: begun?.actor,
      after: {
        number: begun?.number,
        action: 'cache.warmed_up',
        error: expect.stringContaining('reminder_policies: '),
      },
    });
  });

  it('says in the log what it could not say about a failure, and answers all the same', async () => {
    await otklik.api.post('/api/system/cache/clear', {});
    await otklik.database.execute(`
      alter table reminder_policies rename to gone;
      alter table audit_log add constraint refused check (action <> 'act.failed') not valid`);
    const { status } = await otklik.api.post('/api/system/cache/warm-up', {});
    await otklik.database.execute(`
      alter table gone rename to reminder_policies;
      alter table audit_log drop constraint refused`);
    expect(status).toBe(200);
    const [begun] = await newest('?limit=1');
    expect(begun?.action).toBe('cache.warmed_up');
    expect(
      otklik.log.entries(({ audit, level }) => audit === begun?.number && level === 'error'),
    ).toMatchObject([{ action: 'cache.warmed_up', msg: expect.stringContaining('reminder_policies') }]);
  });

  it('has no entry of a transaction that was rolled back', async () => {
    const [before] = await newest('?limit=1');
    const failing = otklik.part(Transactor).run(async (tx) => {
      await otklik.part(AuditLog).record(tx, { action: 'nothing.happened', subject: null });
      throw new Error('rolled back');
    });
    await expect(failing).rejects.toThrow('rolled back');
    expect(await newest('?limit=1')).toEqual([before]);
    expect(otklik.log.entries(({ action }) => action === 'nothing.happened')).toEqual([]);
  });

  it('stands in the log as well, which nobody who can change the database makes anew', async () => {
    await otklik.createKey({ name: 'logged', scopes: ['messages:read'] });
    const [entry] = await newest('?limit=1');
    expect(otklik.log.entries(({ msg, audit }) => msg === 'audit' && audit === entry?.number)).toMatchObject([
      { hash: entry?.hash, actor: 'administrator', action: 'api_key.created', subject: entry?.subject },
    ]);
  });

  it('has no secret, whatever an act says', async () => {
    const after = { error: 'postgres://otklik:Vn4kTz8qLs@db/otklik refused otk_Zk3vQ8sLw0TfYb7x' };
    await otklik.part(AuditLog).recordAlone({ action: 'secret.masked', subject: null, after });
    expect((await newest('?limit=1'))[0]?.after).toEqual({
      error: 'postgres://otklik:***@db/otklik refused otk_***',
    });
  });

  it('keeps text that PostgreSQL would not, so that its hash holds', async () => {
    const after = { text: 'a\0b\ud800c', big: 1e21, small: 1e-7, ключ: '☎', '': [null, true] };
    await otklik.part(AuditLog).recordAlone({ action: 'text.kept', subject: null, after });
    expect((await newest('?limit=1'))[0]?.after).toEqual({ ...after, text: 'a\ufffdb\ufffdc' });
    expect((await otklik.part(AuditVerifier).verify()).broken).toBeUndefined();
  });

  it('is what an act waits for: nothing is done of which no entry can be written', async () => {
    const { api, database } = otklik;
    const { body: webhook } = await api.post<{ id: string }>('/api/webhooks', { url: 'http://127.0.0.1:1/' });
    const key = await otklik.createKey({ name: 'kept', scopes: ['messages:read'] });
    const { clientId } = await otklik.accept({ clientId: newClient(), content: 'Hello' });
    await api.get('/api/reminder-policies');
    const cached = async () => {
      const { kinds } = (await api.get<CacheStats>('/api/system/cache/stats')).body;
      return kinds.find(({ kind }) => kind === 'reminder_policies')?.entries;
    };
    const before = { rows: await contents(), cached: await cached() };
    await database.execute('alter table audit_log add constraint refused check (false) not valid');
    const at = `/api/webhooks/${webhook.id}`;
    const policy = { delays: ['PT9M'], repeatEvery: null, escalateAtLevel: null, businessHours: null };
    const acts: [method: string, path: string, body?: object][] = [
      ['POST', '/api/api-keys', { name: 'new', scopes: ['messages:read'] }],
      ['DELETE', `/api/api-keys/${key.id}`],
      ['POST', '/api/webhooks', { url: 'http://127.0.0.1:1/new' }],
      ['PATCH', at, { description: 'changed' }],
      ['POST', `${at}/rotate-secret`, {}],
      ['POST', `${at}/replay`, { since: otklik.clock.iso(-1_000) }],
      ['POST', `${at}/test`, {}],
      ['DELETE', at],
      ['PUT', '/api/reminder-policies/low', policy],
      ['POST', '/api/system/processes/reminders/pause', {}],
      ['POST', '/api/system/processes/reminders/run', {}],
      ['POST', '/api/system/monitoring/start', { interval: 'PT50S' }],
      ['POST', '/api/system/monitoring/stop', {}],
      ['POST', '/api/system/cache/clear', {}],
      ['POST', '/api/system/cache/warm-up', {}],
      ['POST', '/api/system/backup/schedule', { dailyAt: '04:00' }],
      ['POST', '/api/system/backup/create', {}],
      ['POST', '/api/system/maintenance', { enabled: true }],
      ['DELETE', `/api/clients/${clientId}`],
      ['GET', `/api/clients/${clientId}/export`],
    ];
    const answers: [path: string, status: number][] = [];
    for (const [method, path, body] of acts) {
      const sent = body && {
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      };
      answers.push([path, (await api.send(method, path, sent)).status]);
    }
    await database.execute('alter table audit_log drop constraint refused');
    expect(answers).toEqual(acts.map(([, path]) => [path, 500]));
    expect({ rows: await contents(), cached: await cached() }).toEqual(before);
  });

  /** What stands in every table. */
  async function contents(): Promise<Record<string, string>> {
    const tables = await otklik.database.query<{ name: string }>(
      `select table_name as name from information_schema.tables
        where table_schema = 'public' and table_type = 'BASE TABLE' order by 1`,
    );
    const found: Record<string, string> = {};
    for (const { name } of tables) {
      const [row] = await otklik.database.query<{ all: string }>(
        `select coalesce(string_agg(row::text, ' ' order by row::text), '') as all from ${name} row`,
      );
      found[name] = row?.all ?? '';
    }
    return found;
  }

  it.each([
    ['update', `update audit_log set action = 'nothing.happened'`],
    ['delete', 'delete from audit_log where number = 1'],
    ['truncate', 'truncate audit_log'],
  ])('refuses %s', async (_, sql) => {
    await expect(otklik.database.execute(sql)).rejects.toThrow('append-only');
  });
});

describe('what Otklik does by itself', () => {
  const otklik = new TestOtklik({
    env: {
      ROLES: 'api,worker',
      RETENTION_EVENTS: 'P1D',
      WEBHOOK_ALLOW_HTTP: 'true',
      WEBHOOK_ALLOWED_CIDRS: '127.0.0.0/8',
    },
  });
  beforeAll(() => otklik.start());
  afterAll(() => otklik.stop());

  it('has its failure recorded where somebody wanted it', async () => {
    await otklik.database.execute('alter table idempotency_records rename to gone');
    const { body } = await otklik.api.post<{ lastError: string }>('/api/system/processes/retention/run', {});
    await otklik.database.execute('alter table gone rename to idempotency_records');
    const [failed, begun] = (await otklik.api.get<PageOf<AuditEntryView>>(`${PATH}?limit=2`)).body.data;
    expect(begun).toMatchObject({ action: 'process.run', subject: 'retention' });
    expect(failed).toMatchObject({
      actor: { name: 'administrator' },
      action: 'act.failed',
      subject: 'retention',
      after: { number: begun?.number, action: 'process.run', error: body.lastError },
    });
  });

  it('is not done without an entry where somebody wants it', async () => {
    const path = '/api/system/processes';
    const runs = async () =>
      (await otklik.api.get<PageOf<ProcessView>>(path)).body.data.find(({ name }) => name === 'auto-close')
        ?.runs;
    await eventually(async () => (await runs()) === 1);
    await otklik.database.execute('alter table audit_log add constraint refused check (false) not valid');
    expect((await otklik.api.post(`${path}/auto-close/run`, {})).status).toBe(500);
    await otklik.database.execute('alter table audit_log drop constraint refused');
    expect(await runs()).toBe(1);
  });

  it("is nobody's act, even where a request woke it", async () => {
    await otklik.accept({ clientId: newClient(), content: 'Hello' });
    await eventually(
      () => {
        otklik.clock.advance(1_000);
        return otklik.database.query<{ passed: boolean }>(
          `select (select max(position) from events) = (select position from event_fan_out)
            and (select max(position) from events) = (select position from statistics_follower) as passed`,
        );
      },
      ([row]) => row?.passed ?? false,
    );
    otklik.clock.advance(3 * 24 * 60 * 60 * 1_000);
    await otklik.api.post('/api/system/retention/run', { dryRun: false });
    const entries = await eventually(
      async () =>
        (await otklik.api.get<PageOf<AuditEntryView>>(`${PATH}?action=retention.deleted`)).body.data,
      ({ length }) => length > 0,
    );
    expect(entries[0]).toMatchObject({
      actor: { kind: 'system', id: null, name: 'otklik' },
      subject: 'events',
      after: { deleted: expect.any(Number) },
    });
  });
});

describe('a chain that somebody has tampered with', () => {
  const otklik = new TestOtklik();
  beforeAll(async () => {
    await otklik.start();
    for (const name of ['a', 'b', 'c', 'd', 'e']) await otklik.createKey({ name, scopes: ['messages:read'] });
  });
  afterAll(() => otklik.stop());

  /** What the verification finds after somebody with all rights has done this. */
  async function foundAfter(sql: string) {
    await otklik.database.execute(
      `create table kept as select * from audit_log; alter table audit_log disable trigger user; ${sql}`,
    );
    const found = await otklik.part(AuditVerifier).verify();
    await otklik.database.execute(
      'delete from audit_log; insert into audit_log select * from kept; drop table kept; alter table audit_log enable trigger user',
    );
    expect((await otklik.part(AuditVerifier).verify()).broken).toBeUndefined();
    return found;
  }

  it.each([
    [
      3,
      'another action',
      `update audit_log set action = 'nothing.done' where number = 3`,
      'not as it was recorded',
    ],
    [2, 'another name', `update audit_log set actor_name = 'eve' where number = 2`, 'not as it was recorded'],
    [4, 'another time', `update audit_log set at = at + interval '1 hour' where number = 4`, 'not as it was'],
    [1, 'other content', `update audit_log set after = '{}' where number = 1`, 'not as it was recorded'],
    [4, 'one is gone', 'delete from audit_log where number = 3', 'number 3, is gone'],
    [2, 'the first is gone', 'delete from audit_log where number = 1', 'number 1, is gone'],
  ])('is broken at entry %i: %s', async (number, _, sql, reason) => {
    const { broken } = await foundAfter(sql);
    expect(broken?.entry.number).toBe(number);
    expect(broken?.reason).toContain(reason);
  });

  it('is broken where its beginning is gone and the rest was made anew', async () => {
    const { body } = await otklik.api.get<PageOf<AuditEntry>>(`${PATH}?limit=1`);
    const [last] = body.data;
    if (!last) throw new Error('There is no entry.');
    const { broken } = await foundAfter(
      `delete from audit_log where number < 5;
       update audit_log set previous = '${NO_ENTRY}', hash = '${hashOf({ ...last, previous: NO_ENTRY })}'`,
    );
    expect(broken).toMatchObject({
      entry: { number: 5 },
      reason: expect.stringContaining('it is the first'),
    });
  });

  it('is known by a hash that was kept elsewhere, where its end was cut off', async () => {
    const { head } = await otklik.part(AuditVerifier).verify();
    expect(head?.number).toBe(5);
    await otklik.database.execute('alter table audit_log disable trigger user');
    await otklik.database.execute('delete from audit_log where number = 5');
    expect((await otklik.part(AuditVerifier).verify()).broken).toBeUndefined();
    expect(await otklik.part(AuditVerifier).has(head?.hash ?? '')).toBe(false);
  });

  it('is looked at to its end, which is not in memory at once', async () => {
    await otklik.part(Transactor).run(async (tx) => {
      for (let entries = 0; entries < 1_000; entries++)
        await otklik.part(AuditLog).record(tx, { action: 'entry.made', subject: null });
    });
    const { entries, broken } = await foundAfter(
      `update audit_log set actor_name = 'eve' where number = (select max(number) from audit_log)`,
    );
    expect([entries, broken?.entry.number]).toEqual([1_004, 1_004]);
  });
});
