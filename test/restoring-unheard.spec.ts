import pg from 'pg';
import { Standstill } from '../src/backups/standstill.js';
import { Notifications } from '../src/database/notifications.js';
import { MaintenanceMode } from '../src/maintenance/maintenance-mode.js';
import { type Document, operationsOf } from './openapi/document.js';
import { type ExampleCall, exampleCalls } from './openapi/example-calls.js';
import { newSubjects } from './openapi/new-subjects.js';
import type { Answer } from './support/api-client.js';
import { BackupFolders, backupsAtRest, makeBackup, withWaitingPsql } from './support/backups.js';
import { eventually } from './support/eventually.js';
import { MINUTE } from './support/settable-clock.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

const folders = new BackupFolders();
afterAll(() => folders.remove());

/** What goes on during a restore stores nothing that it would take back. */
const GOES_ON = /^\/api\/system\/(?:maintenance|cache|health|backup\/(?:create|verify|restore))/;

describe('during a restore, a process that has not heard of it', () => {
  const psql = withWaitingPsql(folders);
  const env = {
    BACKUP_DIR: folders.make(),
    PG_DUMP_PATH: psql.pgDump,
    WEBHOOK_ALLOW_HTTP: 'true',
    WEBHOOK_ALLOWED_CIDRS: '127.0.0.0/8',
  };
  const otklik = new TestOtklik({ env });
  const deaf = new TestOtklik({ beside: otklik, env: { ...env, DATABASE_POOL_MAX: '40' } });
  beforeAll(async () => {
    await otklik.start();
    await deaf.start();
    await deaf.part(Notifications).onApplicationShutdown();
  });
  afterAll(async () => {
    await deaf.stop();
    await otklik.stop();
  });

  /** Each write of the API once, about things of its own. */
  async function writes(): Promise<ExampleCall[]> {
    const { body: document } = await otklik.api.get<Document>('/openapi.json');
    const { filename } = await makeBackup(otklik);
    const calls: ExampleCall[] = [];
    for (const operation of operationsOf(document)) {
      if (operation.method === 'get' || GOES_ON.test(operation.path)) continue;
      calls.push(
        ...(await exampleCalls(operation, otklik.api, () => newSubjects(otklik, async () => filename))).slice(
          0,
          1,
        ),
      );
    }
    return calls;
  }

  const send = ({ method, path, headers, body }: ExampleCall): Promise<Answer<{ readonly id?: string }>> =>
    deaf.api.send(method, path, { headers, ...(body !== undefined && { body: JSON.stringify(body) }) });

  const waiting = () =>
    otklik.database.query(
      `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );

  it('stores nothing that is lost: each write is refused, or waits until it can be stored', async () => {
    const calls = await writes();
    // There is an escalation to claim.
    await otklik.accept({ clientId: newClient(), content: 'My card was stolen!' });
    const { filename } = await makeBackup(otklik);
    expect((await otklik.api.post(`/api/system/backup/restore/${filename}`, {})).status).toBe(202);
    await eventually(psql.isReached);

    const answered = new Map<string, number>();
    const all = calls.map(async (call) => {
      const answer = await send(call);
      answered.set(call.name, answer.status);
      return { call, ...answer };
    });
    await eventually(waiting, ({ length }) => length === calls.length - answered.size);
    expect(deaf.part(MaintenanceMode).isOn).toBe(false);
    expect(new Set(answered.values())).toEqual(new Set([503]));

    psql.open();
    expect((await backupsAtRest(otklik)).lastRestore).toMatchObject({ status: 'completed', error: null });
    for (const { call, status, body } of await Promise.all(all)) {
      if (call.path !== '/api/messages') expect([call.name, status]).toEqual([call.name, 503]);
      // One whose connection is lost is tried again.
      else if (status === 201) expect((await deaf.api.get(`/api/messages/${body.id}`)).status).toBe(200);
      else expect(status).toBe(503);
    }
  });

  it('does not keep it from beginning, whatever it has locked first', async () => {
    await otklik.accept({ clientId: newClient(), content: 'My card was stolen!' });
    const writer = new pg.Client(otklik.database.url);
    await writer.connect();
    try {
      await writer.query('begin; update escalations set note = note');
      const beginning = Standstill.begin(otklik.database.url, 'public', MINUTE);
      await eventually(waiting, ({ length }) => length === 1);
      // Now each waits for the other, and PostgreSQL ends the one that waited first.
      await writer.query('select from clients for no key update; commit');
      const standstill = await beginning;
      await expect(writer.query('set lock_timeout = 50; update escalations set note = note')).rejects.toThrow(
        'lock timeout',
      );
      await standstill.end();
    } finally {
      await writer.end();
    }
  });
});
