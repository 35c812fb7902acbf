import { DataSource } from 'typeorm';
import { Notifications } from '../src/database/notifications.js';
import { CapturedLog } from './support/captured-log.js';
import { eventually } from './support/eventually.js';
import { PgBouncer } from './support/pg-bouncer.js';
import { SECOND, SettableClock } from './support/settable-clock.js';
import { TcpProxy } from './support/tcp-proxy.js';
import { TestDatabase } from './support/test-database.js';

describe('what processes say to each other through the database', () => {
  const clock = new SettableClock();
  const log = new CapturedLog();
  const opened: { notifications: Notifications; dataSource: DataSource }[] = [];
  let database: TestDatabase;

  beforeAll(async () => {
    database = await TestDatabase.createEmpty();
  });
  afterEach(async () => {
    for (const { notifications, dataSource } of opened.splice(0)) {
      await notifications.onApplicationShutdown();
      await dataSource.destroy();
    }
  });
  afterAll(() => database.drop());

  async function open(url: string, directUrl?: string) {
    const extra = { directUrl };
    const dataSource = await new DataSource({
      type: 'postgres',
      url,
      installExtensions: false,
      extra,
    }).initialize();
    const notifications = new Notifications(dataSource, clock, log.log);
    opened.push({ notifications, dataSource });
    const heard: string[] = [];
    await notifications.listen('spec', {
      heard: (payload) => heard.push(payload),
      lost: () => heard.push('(lost)'),
      missed: () => heard.push('(missed)'),
    });
    return { notifications, dataSource, heard };
  }

  it('is heard at the commit, and not at all where there is none', async () => {
    const [one, other] = [await open(database.url), await open(database.url)];
    expect(other.notifications.isListening).toBe(true);
    await one.dataSource.transaction(async (tx) => {
      await one.notifications.notify('spec', 'committed', tx);
      await one.notifications.notify('spec', 'before', undefined);
      await eventually(() => other.heard.includes('before'));
    });
    await one.dataSource
      .transaction(async (tx) => {
        await one.notifications.notify('spec', 'rolled back', tx);
        throw new Error('no');
      })
      .catch(() => undefined);
    await one.notifications.notify('spec', 'after');
    await eventually(() => other.heard.includes('after'));
    expect(other.heard).toEqual(['before', 'committed', 'after']);
  });

  it('is heard by each who listens, on each channel, whenever he came', async () => {
    const { notifications } = await open(database.url);
    const heard: string[] = [];
    for (const channel of ['spec', 'another'])
      await notifications.listen(channel, {
        heard: (payload) => heard.push(`${channel}: ${payload}`),
        missed: () => undefined,
      });
    await notifications.notify('spec', 'one');
    await notifications.notify('another', 'two');
    await eventually(() => heard.length === 2);
    expect(heard).toEqual(['spec: one', 'another: two']);
  });

  it('is known to be missed where the connection was lost', async () => {
    const { notifications, heard } = await open(database.url);
    await database.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and application_name = 'otklik notifications'`,
    );
    await eventually(() => !notifications.isListening);
    await notifications.notify('spec', 'meanwhile');
    await eventually(() => {
      clock.advance(SECOND);
      return notifications.isListening;
    });
    expect(heard).toEqual(['(lost)', '(missed)']);
  });

  it('is known to be missed where the connection hangs, which it is asked about again and again', async () => {
    const proxy = await TcpProxy.before(database.url);
    const { notifications, heard } = await open(database.url, proxy.url);
    const lastAnswer = async () => {
      const [row] = await database.query<{ at: string }>(
        `select state_change::text as at from pg_stat_activity
          where datname = current_database() and application_name = 'otklik notifications' and state = 'idle'`,
      );
      return row?.at;
    };
    const before = await lastAnswer();
    clock.advance(15 * SECOND);
    await eventually(lastAnswer, (at) => at !== undefined && at !== before);
    expect(notifications.isListening).toBe(true);
    proxy.hang();
    await eventually(() => {
      clock.advance(15 * SECOND);
      return !notifications.isListening;
    });
    await eventually(() => {
      clock.advance(SECOND);
      return notifications.isListening;
    });
    expect(heard).toEqual(['(lost)', '(missed)']);
    await proxy.close();
  });

  it('is not taken for heard behind PgBouncer in transaction mode, and that is said once', async () => {
    const bouncer = await PgBouncer.before(database.url, 2);
    const { notifications } = await open(bouncer.url);
    expect(notifications.isListening).toBe(false);
    const told = () => log.entries(({ msg }) => msg.includes('NOTIFY does not arrive'));
    await eventually(() => {
      if (told().length < 2) clock.advance(SECOND);
      return told().length === 2;
    });
    expect(told().map(({ level }) => level)).toEqual(['warn', 'debug']);
    await notifications.onApplicationShutdown();
    await bouncer.stop();
  });
});
