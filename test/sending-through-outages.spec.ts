import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { DataDirectory } from '../src/database/data-directory.js';
import { EmbeddedPostgres } from '../src/database/embedded-postgres.js';
import { BackgroundProcesses } from '../src/processes/background-processes.js';
import { eventually } from './support/eventually.js';
import { ReminderWatch } from './support/reminder-watch.js';
import { HOUR, SECOND } from './support/settable-clock.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

const QUIET = { info: () => undefined, warn: () => undefined };

describe('reminders through an outage of the database (D14)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'otklik-reminders-'));
  let directory: DataDirectory;
  let postgres: EmbeddedPostgres;
  const otklik = new TestOtklik({
    databaseUrl: () => postgres.url,
    env: {
      ROLES: 'api,worker',
      REMINDER_LEASE: 'PT1H',
      REMINDER_ATTEMPTS: '1',
      PROCESS_RETRY_MAX_DELAY: 'PT1S',
    },
  });
  const watch = new ReminderWatch(otklik);

  async function startPostgres(port = 0): Promise<void> {
    postgres = await EmbeddedPostgres.start(directory, { port, startWait: 30_000, log: QUIET });
  }

  beforeAll(async () => {
    directory = await DataDirectory.open(folder);
    await startPostgres();
    await otklik.start();
  });
  afterAll(async () => {
    await otklik.stop();
    await postgres.stop();
    await directory.close();
    rmSync(folder, { recursive: true });
  });

  const waiting = async () =>
    (await otklik.accept({ clientId: newClient(), content: 'zxqv wrblk' })).conversationId;

  /** Locks all clients in a transaction of the spec's own, so that what is claimed is not sent. */
  async function lockClients(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: postgres.url });
    client.on('error', () => undefined);
    await client.connect();
    await client.query('begin; select from clients for no key update');
    return client;
  }

  async function whileAway(work: () => Promise<void> | void): Promise<void> {
    const { port } = new URL(postgres.url);
    await postgres.stop();
    await work();
    await startPostgres(Number(port));
  }

  /** Lets the pauses after failed runs go by. */
  async function untilSent(conversationId: string): Promise<void> {
    await eventually(async () => {
      otklik.clock.advance(SECOND);
      return (await watch.due(conversationId)).length > 0;
    });
  }

  it('wait, and are sent when it is back, without a restart and once', async () => {
    const conversationId = await waiting();
    await watch.atRest();
    await whileAway(async () => {
      otklik.clock.advance(HOUR);
      await eventually(() => otklik.part(BackgroundProcesses).status('reminders').state === 'failing');
    });
    await untilSent(conversationId);
    await watch.atRest();
    expect(await watch.due(conversationId)).toHaveLength(1);
    expect((await watch.of(conversationId))[0]).toMatchObject({ status: 'sent', attempts: 1 });
    expect(await watch.scheduler()).toMatchObject({ state: 'waiting', lastError: null });
  });

  it('that were claimed when it went are sent under the same lease, and no attempt is counted', async () => {
    const conversationId = await waiting();
    await watch.atRest();
    const lock = await lockClients();
    otklik.clock.advance(HOUR);
    await otklik.database.untilBlocked(1);
    await whileAway(() => undefined);
    await lock.end().catch(() => undefined);
    await untilSent(conversationId);
    const [row] = await otklik.database.query(
      'select attempts, lease_token, failed_at from reminders where conversation_id = $1 and level = 1',
      [conversationId],
    );
    // Claimed once: nobody had to wait for the end of the lease.
    expect(row).toEqual({ attempts: 1, lease_token: 1, failed_at: null });
  });

  it('are sent to the end when the process is stopped in the middle', async () => {
    const conversationId = await waiting();
    await watch.atRest();
    const lock = await lockClients();
    otklik.clock.advance(HOUR);
    await otklik.database.untilBlocked(1);
    const stopped = otklik.stopServing();
    await lock.query('rollback');
    await lock.end();
    await stopped;
    const rows = await otklik.database.query(
      `select level, sent_at is not null as sent from reminders where conversation_id = $1 order by level`,
      [conversationId],
    );
    expect(rows).toEqual([
      { level: 1, sent: true },
      { level: 2, sent: false },
      { level: 3, sent: false },
    ]);
    await otklik.start();
  });

  it('that a killed worker left behind are sent once its lease has ended', async () => {
    const conversationId = await waiting();
    await otklik.database.query(
      `update reminders set leased_until = $2, lease_token = 7 where conversation_id = $1 and level = 1`,
      [conversationId, otklik.clock.iso(2 * HOUR)],
    );
    otklik.clock.advance(2 * HOUR - 1);
    await watch.atRest();
    expect(await watch.due(conversationId)).toEqual([]);
    otklik.clock.advance(1);
    await watch.untilSent(conversationId, 1);
    expect(await watch.due(conversationId)).toHaveLength(1);
  });
});
