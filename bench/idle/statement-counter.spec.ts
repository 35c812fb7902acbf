import pg from 'pg';
import { TestDatabase } from '../../test/support/test-database.js';
import { StatementCounter } from './statement-counter.js';

describe('the counter of statements', () => {
  let database: TestDatabase;
  let counter: StatementCounter;
  let client: pg.Client;
  beforeAll(async () => {
    database = await TestDatabase.createEmpty();
    counter = await StatementCounter.start(database.url);
    client = new pg.Client({ connectionString: counter.url });
    await client.connect();
  });
  afterAll(async () => {
    await client.end();
    await counter.stop();
    await database.drop();
  });

  it('counts each statement that is run, and passes everything on', async () => {
    const { rows } = await client.query('select 1 as one');
    expect(rows).toEqual([{ one: 1 }]);
    for (const n of [1, 2, 3]) {
      const text = 'select $1::int as n';
      expect((await client.query({ name: 'prepared', text, values: [n] })).rows).toEqual([{ n }]);
    }
    // As long as several packets.
    const long = 'x'.repeat(300_000);
    expect((await client.query<{ long: string }>('select $1 as long', [long])).rows[0]?.long).toBe(long);
    await client.query('begin');
    await client.query('commit');
    expect(Object.fromEntries(counter.take())).toEqual({
      'select 1 as one': 1,
      'select $1::int as n': 3,
      'select $1 as long': 1,
      begin: 1,
      commit: 1,
    });
    expect(counter.take().size).toBe(0);
  });
});
