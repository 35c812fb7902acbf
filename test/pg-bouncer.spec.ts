import type { EventView } from '../src/events/event.schemas.js';
import type { ReminderView } from '../src/reminders/reminder.schemas.js';
import { BackupFolders, makeBackup, restoreBackup } from './support/backups.js';
import { EventStream } from './support/event-stream.js';
import { eventually } from './support/eventually.js';
import { PgBouncer } from './support/pg-bouncer.js';
import { DAY, SECOND } from './support/settable-clock.js';
import { TestDatabase } from './support/test-database.js';
import { newClient, TestOtklik } from './support/test-otklik.js';
import { WebhookReceiver } from './support/webhook-receiver.js';

/** Fewer sessions than each process has connections: what one leaves behind in a session, another finds. */
const SESSIONS = 4;

const folders = new BackupFolders();
afterAll(() => folders.remove());

describe('Otklik behind PgBouncer in transaction mode', () => {
  let database: TestDatabase;
  let bouncer: PgBouncer;
  let receiver: WebhookReceiver;
  let otklik: TestOtklik;
  let another: TestOtklik;

  beforeAll(async () => {
    database = await TestDatabase.createEmpty();
    bouncer = await PgBouncer.before(database.url, SESSIONS);
    const env = {
      ROLES: 'api,worker',
      DATABASE_URL: bouncer.url,
      DATABASE_DIRECT_URL: database.url,
      DATABASE_POOL_MAX: '10',
      // While the spec lets time pass, the clock is ahead of the work: nobody is turned away for that.
      EVENT_STREAM_HEARTBEAT: 'PT5M',
      BACKUP_DIR: folders.make(),
      WEBHOOK_ALLOW_HTTP: 'true',
      WEBHOOK_ALLOWED_CIDRS: '127.0.0.0/8',
    };
    otklik = new TestOtklik({ databaseUrl: () => database.url, env });
    // The first start migrates an empty database.
    await otklik.start();
    another = new TestOtklik({ beside: otklik, env });
    await another.start();
    receiver = await WebhookReceiver.start({ now: () => otklik.clock.now() });
  }, 60_000);
  afterAll(async () => {
    await another?.stop();
    await otklik?.stop();
    await receiver?.close();
    await bouncer?.stop();
    await database?.drop();
  });

  /**
   * Lets time pass until something is done: while two workers are in each other's way, or somebody is just writing, they
   * look again a moment later, and what another process wrote is found at the next poll.
   *
   * Only while nothing is on its way: that would be taken for lost, and sent again.
   */
  async function meanwhile<T>(work: Promise<T>): Promise<T> {
    let isOver = false;
    const end = () => {
      isOver = true;
    };
    work.then(end, end);
    await eventually(async () => {
      const leased = await database.query(
        `select from deliveries where leased_until is not null
         union all select from reminders where leased_until is not null limit 1`,
      );
      if (!isOver && leased.length === 0) otklik.clock.advance(20);
      return isOver;
    });
    return work;
  }

  it('takes messages in, tells the events at once, reminds, and delivers webhooks', async () => {
    const endpoint = await otklik.api.post<{ secret: string }>('/api/webhooks', {
      url: receiver.url('/hook'),
      eventTypes: ['message.received', 'reminder.due'],
    });
    expect(endpoint.status).toBe(201);
    receiver.trust('/hook', endpoint.body.secret);
    // What one process takes in, the other one tells: they hear of each other past PgBouncer.
    const stream = await meanwhile(EventStream.open(another));
    const clients = Array.from({ length: 60 }, newClient);
    const accepted = await Promise.all(
      clients.map((clientId, index) =>
        (index % 2 === 0 ? otklik : another).accept({ clientId, content: 'zxqv wrblk' }),
      ),
    );
    await meanwhile(stream.until(3 * clients.length));
    stream.close();
    expect(new Set(stream.events.map(({ id }) => id)).size).toBe(3 * clients.length);
    // What is on its way while the clock jumps would be sent again.
    await meanwhile(
      eventually(
        () => otklik.database.query(`select from deliveries where outcome = 'delivered'`),
        (delivered) => delivered.length === clients.length,
      ),
    );
    const [first] = accepted;
    otklik.clock.advance(DAY);
    await meanwhile(
      eventually(
        () =>
          otklik.api.all<ReminderView>(`/api/reminders?conversationId=${first?.conversationId}&status=sent`),
        (sent) => sent.length > 0,
      ),
    );
    const wanted = async () => {
      const events = await otklik.api.all<EventView>(
        '/api/events?type=message.received,reminder.due&limit=200',
      );
      return events.length;
    };
    await meanwhile(
      eventually(
        () =>
          otklik.database.query<{ open: number }>(
            'select count(*)::int as open from reminders where sent_at is null and cancelled_at is null and failed_at is null and scheduled_at <= $1',
            [otklik.clock.iso()],
          ),
        ([row]) => row?.open === 0,
      ),
    );
    const requests = await meanwhile(receiver.received(await wanted(), '/hook'));
    const ids = requests.map(({ headers }) => headers['webhook-id']);
    expect(new Set(ids).size).toBe(ids.length);
    expect(requests.every(({ isVerified }) => isVerified)).toBe(true);
    const faults = [otklik, another].flatMap(({ log }) =>
      log.entries(({ level }) => level === 'error' || level === 'fatal'),
    );
    expect(faults).toEqual([]);
  }, 60_000);

  it('makes backups and restores them past it, and goes on afterwards', async () => {
    const backup = await makeBackup(otklik);
    expect(backup).toMatchObject({ status: 'completed', error: null });
    const messages = () => database.query('select id from messages order by id');
    const before = await messages();
    await another.accept({ clientId: newClient(), content: 'Not in the backup' });
    expect(await restoreBackup(otklik, backup.filename)).toBeNull();
    expect(await messages()).toEqual(before);
    for (const one of [otklik, another]) {
      // Whoever did not hear that maintenance is over asks again.
      await eventually(
        () => {
          otklik.clock.advance(SECOND);
          return one.receive({ clientId: newClient(), content: 'After' });
        },
        ({ status }) => status === 201,
      );
    }
  }, 60_000);

  it('says that the role has no limit for statements, and how it gets one', () => {
    const said = another.log.entries(({ msg }) => /alter role otklik set statement_timeout/.test(msg ?? ''));
    expect(said).toHaveLength(1);
  });

  it('has a database that is healthy, and one session that it listens on for all channels', async () => {
    expect((await otklik.api.get('/health/ready')).status).toBe(200);
    const direct = await database.query(
      `select from pg_stat_activity where datname = current_database() and application_name = 'otklik notifications'`,
    );
    expect(direct).toHaveLength(2);
    const pooled = await database.query(
      `select from pg_stat_activity where datname = current_database() and application_name = 'otklik'`,
    );
    expect(pooled.length).toBeLessThanOrEqual(SESSIONS);
  });
});
