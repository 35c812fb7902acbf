import { loadConfig } from '../src/config/config.js';
import { createDataSource } from '../src/database/data-source.js';
import { installRoutines, type Routine } from '../src/database/routines.js';
import { ENTITIES } from '../src/entities.js';
import { CapturedLog } from './support/captured-log.js';
import { TestDatabase } from './support/test-database.js';

describe('the schema of the database (D12, D18, E19)', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await TestDatabase.create();
  });
  afterAll(() => database.drop());

  function connect() {
    return createDataSource(
      database.url,
      loadConfig({}).database,
      ENTITIES,
      new CapturedLog().log,
    ).initialize();
  }

  /** Everything that the schema is made of, as PostgreSQL describes it. */
  const schema = () =>
    database.query(`
      select 'column' as kind, table_name || '.' || column_name as name,
             concat(udt_name, ' ', is_nullable, ' ', column_default, ' ', datetime_precision) as definition
        from information_schema.columns where table_schema = 'public'
       union all
      select 'index', indexname, indexdef from pg_indexes where schemaname = 'public'
       union all
      select 'constraint', conname, pg_get_constraintdef(oid) from pg_constraint
       where connamespace = 'public'::regnamespace
       union all
      select 'function', proname, prosrc from pg_proc
       where pronamespace = 'public'::regnamespace and proname !~ '_[0-9a-f]{12}$'
       union all
      select 'type', typname, typtype::text from pg_type where typnamespace = 'public'::regnamespace and typtype = 'e'
       order by kind, name, definition`);

  it('has the indexes that reads and workers need, under their names', async () => {
    const indexes = await database.query<{ name: string; definition: string }>(
      `select indexname as name, split_part(indexdef, ' USING ', 2) as definition from pg_indexes
        where schemaname = 'public'`,
    );
    const definitions = Object.fromEntries(indexes.map(({ name, definition }) => [name, definition]));
    expect(definitions).toMatchObject({
      ix_messages_client_created: 'btree (client_id, created_at)',
      ix_messages_priority_created: 'btree (priority, created_at)',
      ix_reminders_scheduled_cancelled_sent: expect.stringContaining('(scheduled_at, id) WHERE'),
      ix_conversations_status_activity: 'btree (status, last_activity_at)',
    });
  });

  it('keeps every time with its zone', async () => {
    const times = await database.query<{ type: string }>(
      `select distinct data_type as type from information_schema.columns
        where table_schema = 'public' and table_name <> 'migrations'
          and (data_type like 'time%' or data_type = 'date')`,
    );
    expect(times).toEqual([{ type: 'timestamp with time zone' }]);
  });

  it('lets what belongs to a client go with the client', async () => {
    await database.execute(`
      insert into clients values ('gone', null, null, null, null, now(), now());
      insert into conversations (id, client_id, status, priority, channel, opened_at, last_activity_at)
      values (gen_random_uuid(), 'gone', 'open', 'low', 'api', now(), now());
      insert into messages (id, client_id, conversation_id, direction, author, content, channel, sent_at, created_at)
      select gen_random_uuid(), 'gone', id, 'inbound', 'client', 'x', 'api', now(), now() from conversations;
      insert into reminders (id, conversation_id, kind, level, priority, scheduled_at, created_at)
      select gen_random_uuid(), id, 'policy', 1, 'low', now(), now() from conversations;
      delete from clients where id = 'gone'`);
    expect(await database.countRows()).toMatchObject({
      clients: 0,
      conversations: 0,
      messages: 0,
      reminders: 0,
    });
  });

  it('goes down to nothing and up again to the same', async () => {
    const before = await schema();
    expect(before.length).toBeGreaterThan(60);
    const dataSource = await connect();
    const { length } = dataSource.migrations;
    for (let step = 0; step < length; step++) await dataSource.undoLastMigration({ transaction: 'each' });
    const left = await database.query<{ name: string }>(
      `select table_name as name from information_schema.tables where table_schema = 'public'`,
    );
    expect(left).toEqual([{ name: 'migrations' }]);
    await dataSource.runMigrations({ transaction: 'each' });
    await dataSource.destroy();
    expect(await schema()).toEqual(before);
  });

  it('keeps the last two versions of a routine, so that a rollout can have both', async () => {
    const dataSource = await connect();
    const runner = dataSource.createQueryRunner();
    const version = (digest: string): Routine => ({
      base: 'answer',
      name: `answer_${digest}`,
      sql: `create function answer_${digest}() returns int language sql return 42`,
    });
    const installed = () =>
      database.query<{ proname: string }>(
        `select proname from pg_proc where proname like 'answer%' order by oid`,
      );
    for (const digest of ['aaaaaaaaaaaa', 'bbbbbbbbbbbb', 'bbbbbbbbbbbb', 'cccccccccccc']) {
      await installRoutines(runner, [version(digest)]);
    }
    await runner.release();
    await dataSource.destroy();
    expect((await installed()).map(({ proname }) => proname)).toEqual([
      'answer_bbbbbbbbbbbb',
      'answer_cccccccccccc',
    ]);
  });
});
