import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import type { AuditEntryView } from '../src/audit/audit.schemas.js';
import { AuditVerifier } from '../src/audit/audit-verifier.js';
import type { Problem } from '../src/http/problem.js';
import {
  BackupFolders,
  backupStatus,
  fingerprint,
  listBackups,
  makeBackup,
  restoreBackup,
} from './support/backups.js';
import { makeDelivery, makeEvent } from './support/deliveries.js';
import { eventually } from './support/eventually.js';
import { HOUR, SECOND } from './support/settable-clock.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

const IDENTITY = 'AGE-SECRET-KEY-1WFSKSE3EY396RYDATLSYN3SVS6ZSFQJ9WXWSRV9NRUZFU9AFFMFQU2J0T9';

const folders = new BackupFolders();
afterAll(() => folders.remove());

/** Something of everything, as callers make it. */
async function fill(otklik: TestOtklik): Promise<void> {
  const conversations: string[] = [];
  for (const content of ['Where is my parcel?', 'My card was stolen!', 'Спасибо ☎ \\. tab\there']) {
    const message = { clientId: newClient(), content, metadata: { a: [1, null] } };
    const { conversationId } = await otklik.accept(message);
    conversations.push(conversationId);
    const conversation = `/api/conversations/${conversationId}`;
    await ask(otklik, `${conversation}/reminders`, {
      note: 'Call back',
      scheduledAt: otklik.clock.iso(HOUR),
    });
    await ask(otklik, `${conversation}/escalate`, { reason: 'Asks for a manager.' });
  }
  await ask(otklik, '/api/escalations/claim', { operatorId: 'anna' });
  await ask(otklik, `/api/conversations/${conversations[0]}/replies`, {
    content: 'It is on its way.',
    author: 'operator',
  });
  await ask(otklik, `/api/conversations/${conversations[1]}/close`, { reason: 'Done.' });
  await otklik.accept({ clientId: newClient(), content: 'With a key' }, { 'idempotency-key': 'backup-1' });
  const webhook = { url: 'http://127.0.0.1:1/', headers: { 'x-shop': '1' }, eventTypes: ['message.*'] };
  const { id } = await ask<{ id: string }>(otklik, '/api/webhooks', webhook);
  await ask(otklik, `/api/webhooks/${id}/rotate-secret`, {});
  await makeDelivery(otklik.database, id, await makeEvent(otklik.database, { at: otklik.clock.iso() }), {});
  await otklik.createKey({ name: 'shop', scopes: ['messages:read'] });
}

/** Calls what has to succeed. */
async function ask<T>(otklik: TestOtklik, path: string, body: object): Promise<T> {
  const answer = await otklik.api.post<T>(path, body);
  if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

describe.each([
  ['in custom format', {}, /\.dump$/],
  ['in custom format, encrypted', { BACKUP_ENCRYPTION_KEY: IDENTITY }, /\.dump\.age$/],
  ['plain, with gzip', { BACKUP_FORMAT: 'plain' }, /\.sql\.gz$/],
  ['plain, encrypted', { BACKUP_FORMAT: 'plain', BACKUP_ENCRYPTION_KEY: IDENTITY }, /\.sql\.gz\.age$/],
])('a backup, %s', (_, env: Record<string, string>, name) => {
  const otklik = new TestOtklik({
    env: {
      ...env,
      BACKUP_DIR: folders.make(),
      WEBHOOK_ALLOW_HTTP: 'true',
      WEBHOOK_ALLOWED_CIDRS: '127.0.0.0/8',
    },
  });
  beforeAll(() => otklik.start());
  afterAll(() => otklik.stop());

  it('brings back every row of every table after all was destroyed', async () => {
    await fill(otklik);
    const before = await fingerprint(otklik.database);
    const backup = await makeBackup(otklik);
    expect(backup).toMatchObject({ status: 'completed', kind: 'manual', error: null });
    expect(backup.filename).toMatch(name);

    await otklik.database.execute('truncate messages, reminders, events; drop table deliveries cascade');
    await otklik.accept({ clientId: 'afterwards', content: 'I am not in the backup' });
    expect(await restoreBackup(otklik, backup.filename)).toBeNull();

    expect(await fingerprint(otklik.database)).toEqual(before);
    expect(Object.keys(before)).toEqual(expect.arrayContaining(['messages', 'webhook_secrets', 'api_keys']));
    expect((await backupStatus(otklik)).lastRestore).toMatchObject({
      status: 'completed',
      filename: backup.filename,
    });
  });
});

describe('after a disaster', () => {
  it('a new installation gets every row of every table of the one that was lost', async () => {
    const env = {
      BACKUP_DIR: folders.make(),
      BACKUP_ENCRYPTION_KEY: IDENTITY,
      WEBHOOK_ALLOW_HTTP: 'true',
      WEBHOOK_ALLOWED_CIDRS: '127.0.0.0/8',
    };
    const lost = new TestOtklik({ env });
    await lost.start();
    await fill(lost);
    const before = await fingerprint(lost.database);
    const { filename } = await makeBackup(lost);
    await lost.stop();

    const found = new TestOtklik({ env });
    await found.start();
    try {
      expect(await fingerprint(found.database)).not.toEqual(before);
      expect(await restoreBackup(found, filename)).toBeNull();
      expect(await fingerprint(found.database)).toEqual(before);
      expect(await found.part(AuditVerifier).verify()).toMatchObject({ broken: undefined });
    } finally {
      await found.stop();
    }
  });
});

describe('what a backup does not have', () => {
  const folder = folders.make();
  const otklik = new TestOtklik({ env: { BACKUP_DIR: folder } });
  beforeAll(() => otklik.start());
  afterAll(() => otklik.stop());

  it('extensions that somebody has put beside our tables stay there, with what uses them', async () => {
    await otklik.database.execute(
      `create extension citext; create table notes (word citext); insert into notes values ('Before')`,
    );
    const { filename } = await makeBackup(otklik);
    await otklik.database.execute(`insert into notes values ('After')`);
    expect(await restoreBackup(otklik, filename)).toBeNull();
    expect(await otklik.database.query(`select word from notes where word = 'before'`)).toHaveLength(1);
    expect(await otklik.database.query('select from notes')).toHaveLength(1);
    const [found] = await otklik.database.query<{ schema: string }>(
      `select extnamespace::regnamespace::text as schema from pg_extension where extname = 'citext'`,
    );
    expect(found?.schema).toBe('public');
  });

  const steps = async () =>
    (await otklik.database.query<{ name: string }>('select name from migrations order by id')).map(
      ({ name }) => name,
    );

  it('steps of the schema that came since are added, and it is said which', async () => {
    const dataSource = otklik.part(DataSource);
    const { conversationId } = await otklik.accept({ clientId: newClient(), content: 'Before' });
    const [all, before] = [await steps(), await fingerprint(otklik.database)];
    const added = all.slice(-2);
    for (const _ of added) await dataSource.undoLastMigration();
    const raise = (service: string) => `
      insert into alerts (id, service, severity, message, raised_at, changed_at)
      values (gen_random_uuid(), '${service}', 'degraded', 'paused', now(), now())`;
    await otklik.database.execute(raise('redis'));
    const { filename, migration } = await makeBackup(otklik);
    expect(migration).toBe(all.at(-3));
    await dataSource.runMigrations();
    // Who was told of an alert is told of its end, however old the backup is.
    await otklik.database.execute(`update alerts set resolved_at = now(); ${raise('disk')};
      insert into alert_notices (id, alert_id, channel, notice, next_attempt_at)
      select gen_random_uuid(), id, 'slack', '{}', now() from alerts`);
    const told = () =>
      otklik.database.query(
        'select * from alerts alert join alert_notices notice on notice.alert_id = alert.id order by notice.id',
      );
    const toldBefore = await told();
    // Nor does what was stopped go on before somebody has looked at what came back.
    await ask(otklik, '/api/system/processes/webhooks/pause', {});
    expect(toldBefore).toHaveLength(2);
    await otklik.accept({ clientId: newClient(), content: 'After' });

    expect(await restoreBackup(otklik, filename)).toBeNull();
    expect(await steps()).toEqual(all);
    expect(await told()).toEqual(toldBefore);
    const paused = 'select name from background_processes where paused_at is not null';
    expect(await otklik.database.query(paused)).toEqual([{ name: 'webhooks' }]);
    const restored = await fingerprint(otklik.database);
    expect(Object.keys(restored)).toEqual(Object.keys(before));
    for (const table of ['clients', 'conversations', 'messages', 'reminders', 'events'])
      expect([table, restored[table]]).toEqual([table, before[table]]);
    const [act] = await otklik.api.all<AuditEntryView>('/api/system/audit?action=backup.restored');
    expect(act?.after).toMatchObject({ migrations: added });
    expect((await otklik.api.get(`/api/conversations/${conversationId}`)).status).toBe(200);
    expect((await otklik.receive({ clientId: newClient(), content: 'Goes on' })).status).toBe(201);
  });

  it('where a step cannot be added, all is as it was before the restore', async () => {
    const dataSource = otklik.part(DataSource);
    while ((await steps()).some((name) => name.startsWith('CreateStatistics')))
      await dataSource.undoLastMigration();
    await otklik.database.execute('create table statistics_hours (in_the_way text)');
    const { filename } = await makeBackup(otklik);
    await otklik.database.execute('drop table statistics_hours');
    await dataSource.runMigrations();
    await otklik.accept({ clientId: newClient(), content: 'After' });
    const before = await fingerprint(otklik.database);
    expect(await restoreBackup(otklik, filename)).toMatch(/statistics_hours.*already exists/);
    expect(await fingerprint(otklik.database)).toEqual(before);
    const schemas = await otklik.database.query(`select from pg_namespace where nspname like 'otklik%'`);
    expect(schemas).toEqual([]);
    await eventually(
      () => otklik.receive({ clientId: newClient(), content: 'Goes on' }),
      ({ status }) => status === 201,
    );
  });

  it('steps that this version does not know are not guessed: a newer backup is refused', async () => {
    const { filename, migration } = await makeBackup(otklik);
    const file = join(folder, `${filename}.json`);
    writeFileSync(file, readFileSync(file, 'utf8').replace(`"${migration}"`, '"OfTomorrow1999999999999"'));
    const before = await listBackups(otklik);
    const { status, body } = await otklik.api.post<Problem>(`/api/system/backup/restore/${filename}`, {});
    expect([status, body.code]).toEqual([409, 'backup_too_new']);
    expect(body.detail).toContain('OfTomorrow1999999999999');
    expect(await listBackups(otklik)).toEqual(before);
    expect((await otklik.receive({ clientId: newClient(), content: 'Goes on' })).status).toBe(201);
  });
});

describe('after a restore', () => {
  const otklik = new TestOtklik({ env: { BACKUP_DIR: folders.make() } });
  const worker = new TestOtklik({
    beside: otklik,
    env: { ROLES: 'api,worker' },
  });
  beforeAll(async () => {
    await otklik.start();
    await worker.start();
  });
  afterAll(async () => {
    await worker.stop();
    await otklik.stop();
  });

  // A gap in the numbers of events is looked at more than once, and a lost LISTEN is opened anew after a pause.
  const told = () =>
    eventually(
      () => {
        otklik.clock.advance(SECOND);
        return otklik.database.query<{ isTold: boolean }>(
          `select position = (select max(position) from events) as "isTold" from event_fan_out`,
        );
      },
      ([row]) => row?.isTold ?? false,
    );

  const listeners = () =>
    otklik.database.query<{ pid: number }>(
      `select pid from pg_stat_activity
        where datname = current_database() and query ilike 'listen%'`,
    );

  it('all goes on: messages, events in their order, wake-ups of other processes, routines', async () => {
    const { conversationId } = await otklik.accept({ clientId: 'goes-on', content: 'Before' });
    await told();
    const backup = await makeBackup(otklik);
    await otklik.accept({ clientId: 'goes-on', content: 'Lost by the restore' });
    await told();
    const [highest] = await otklik.database.query<{ position: string }>(
      'select max(position) as position from events',
    );
    const formerly = await listeners();
    expect(formerly).not.toHaveLength(0);
    expect(await restoreBackup(otklik, backup.filename)).toBeNull();

    // Whoever lost a connection by it may have to ask twice.
    for (const { api } of [otklik, worker]) {
      await eventually(
        () => api.get(`/api/conversations/${conversationId}`),
        ({ status }) => status === 200,
      );
    }
    for (const one of [otklik, worker]) {
      await eventually(
        () => {
          // Whoever did not hear that maintenance is over asks again.
          otklik.clock.advance(SECOND);
          return one.receive({ clientId: 'goes-on', content: `After, through ${one.url}` });
        },
        ({ status }) => status === 201,
      );
    }
    const { body } = await otklik.api.get<{ data: { content: string }[] }>(
      `/api/conversations/${conversationId}/messages`,
    );
    expect(body.data.map(({ content }) => content.slice(0, 6))).toEqual(['Before', 'After,', 'After,']);
    const [lowest] = await otklik.database.query<{ position: string }>(
      `select min(position) as position from events where position > $1`,
      [highest?.position],
    );
    expect(Number(lowest?.position)).toBeGreaterThan(Number(highest?.position));
    await told();
    const listening = await eventually(
      () => {
        otklik.clock.advance(SECOND);
        return listeners();
      },
      ({ length }) => length === formerly.length,
    );
    for (const listener of listening) expect(formerly).not.toContainEqual(listener);
    const schemas = await otklik.database.query(`select from pg_namespace where nspname like 'otklik%'`);
    expect(schemas).toEqual([]);
  });
});
