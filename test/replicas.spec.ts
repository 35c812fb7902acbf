import { MIGRATIONS } from '../migrations/index.js';
import { TestDatabase } from './support/test-database.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

describe('ten replicas that start at once on an empty database (D18)', () => {
  let database: TestDatabase;
  const replicas = Array.from(
    { length: 10 },
    () => new TestOtklik({ databaseUrl: () => database.url, env: { DATABASE_POOL_MAX: '4' } }),
  );
  beforeAll(async () => {
    database = await TestDatabase.createEmpty();
    await Promise.all(replicas.map((replica) => replica.start()));
  });
  afterAll(async () => {
    await Promise.all(replicas.map((replica) => replica.stop()));
    await database.drop();
  });

  it('all come up, and the schema is made once', async () => {
    for (const replica of replicas) expect((await replica.api.get('/health/ready')).status).toBe(200);
    const migrations = await database.query('select name from migrations');
    expect(migrations).toHaveLength(MIGRATIONS.length);
    const routines = await database.query(`select from pg_proc where proname like 'ingest_messages_%'`);
    expect(routines).toHaveLength(1);
    const policies = await database.query('select from reminder_policies');
    expect(policies).toHaveLength(4);
  });

  it('serve as one: the first message of a client is first once, wherever it goes', async () => {
    const clientId = newClient();
    const messages = await Promise.all(
      replicas.map((replica, index) => replica.accept({ clientId, content: `Message ${index}` })),
    );
    expect(messages.filter(({ isFirstMessage }) => isFirstMessage)).toHaveLength(1);
    expect(new Set(messages.map(({ conversationId }) => conversationId)).size).toBe(1);
  });

  it('find nothing left to do when they start again', async () => {
    const [first] = replicas;
    await first?.stopServing();
    await first?.start();
    expect(await database.query('select name from migrations')).toHaveLength(MIGRATIONS.length);
  });
});
