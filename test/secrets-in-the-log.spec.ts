import { eventually } from './support/eventually.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

const PASSWORD = 'Tr0ub4dor-and-3-xkcd';

describe('what stands in the log (D9)', () => {
  const otklik = new TestOtklik({ env: { DATABASE_SLOW_QUERY: 'PT0.001S' } });
  beforeAll(() => otklik.start());
  afterAll(() => otklik.stop());

  it('is one line for each request, with its route and not with what is in its path or query', async () => {
    otklik.log.clear();
    await otklik.api.get('/api/clients/mr-secretive');
    await otklik.api.get('/api/messages?clientId=mr-secretive&limit=3');
    await otklik.api.get('/api/nowhere/mr-secretive');
    const requests = otklik.log.entries(({ msg }) => msg === 'request');
    expect(requests.map(({ method, route, status }) => [method, route, status])).toEqual([
      ['GET', '/api/clients/:clientId', 404],
      ['GET', '/api/messages', 200],
      ['GET', 'unknown', 404],
    ]);
    expect(JSON.stringify(requests)).not.toContain('mr-secretive');
  });

  it('is never a key, a password or an authorization header, not even in errors', async () => {
    const { key } = await otklik.createKey({ name: 'spec', scopes: ['messages:write', 'messages:read'] });
    const caller = otklik.api.withKey(key);
    const message = {
      clientId: newClient(),
      content: `My password is ${PASSWORD}`,
      metadata: { password: PASSWORD, token: PASSWORD, note: `Bearer ${key}` },
    };
    await caller.post('/api/messages', message, { 'idempotency-key': `${PASSWORD}-key` });
    await caller.post('/api/messages', { ...message, more: PASSWORD });
    await otklik.api.withKey(`${key}x`).get('/api/messages');
    await otklik.api.withKey(undefined).get('/api/messages', {
      authorization: `Basic ${Buffer.from(`user:${PASSWORD}`).toString('base64')}`,
      cookie: `session=${PASSWORD}`,
      'x-api-key': PASSWORD,
    });
    await otklik.api.get(`/api/messages?api_key=${PASSWORD}`);
    await otklik.api.send('POST', '/api/messages', {
      body: `{"password":"${PASSWORD}"`,
      headers: { 'content-type': 'application/json' },
    });
    await otklik.database.execute(`
      create function fail() returns trigger language plpgsql as $$
      begin raise 'provoked' using detail = 'Failing row contains ' || new.content; end $$;
      create trigger fail before insert on messages for each row execute function fail()`);
    const failed = await caller.post('/api/messages', message, { 'idempotency-key': `${PASSWORD}-again` });
    await otklik.database.execute('drop trigger fail on messages');
    expect(failed.status).toBe(500);
    expect(otklik.log.entries(({ level }) => level === 'error')).not.toEqual([]);

    const { text } = otklik.log;
    expect(text).not.toContain(PASSWORD);
    expect(text).not.toContain(Buffer.from(`user:${PASSWORD}`).toString('base64'));
    expect(text).not.toContain(key);
    expect(text).not.toContain(otklik.adminApiKey);
    expect(text).not.toContain(new URL(otklik.database.url).password);
  });

  it('is a slow statement, with its time and without its parameters (E4)', async () => {
    await otklik.database.execute(`
      create function slowly() returns trigger language plpgsql as $$
      begin perform pg_sleep(0.005); return new; end $$;
      create trigger slowly before insert on messages for each row execute function slowly()`);
    otklik.log.clear();
    await otklik.accept({ clientId: newClient(), content: 'A secret love letter' });
    await otklik.database.execute('drop trigger slowly on messages');
    const slow = await eventually(
      () => otklik.log.entries(({ msg }) => msg === 'slow statement'),
      (entries) => entries.length > 0,
    );
    expect(slow[0]).toMatchObject({
      level: 'warn',
      sql: expect.stringMatching(/^select .*ingest_messages/),
      durationMs: expect.any(Number),
    });
    expect(otklik.log.text).not.toContain('love letter');
  });

  it('is a statement that took too long and was given up', async () => {
    const impatient = new TestOtklik({ beside: otklik, env: { DATABASE_STATEMENT_TIMEOUT: 'PT0.1S' } });
    await impatient.start();
    const { conversationId, clientId } = await otklik.accept({ clientId: newClient(), content: 'Hello' });
    const { status } = await otklik.database.during(
      `select from clients where id = '${clientId}' for update`,
      () =>
        impatient.api.post(`/api/conversations/${conversationId}/replies`, {
          content: 'Too late',
          author: 'operator',
        }),
    );
    await impatient.stop();
    expect(status).toBeGreaterThanOrEqual(500);
    expect(impatient.log.entries(({ msg }) => msg === 'statement failed')).toMatchObject([{ level: 'warn' }]);
  });
});
