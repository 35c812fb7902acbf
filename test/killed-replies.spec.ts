import { randomBytes } from 'node:crypto';
import type { MessageView, ReceivedMessageView } from '../src/messages/message.schemas.js';
import { type Answer, ApiClient } from './support/api-client.js';
import { OtklikProcess } from './support/otklik-process.js';
import { TestDatabase } from './support/test-database.js';

const REPLY = { content: 'We are on it.', author: 'operator' };

describe('a reply with an idempotency key, whose process is killed with kill -9 (D4)', () => {
  const env = {
    ADMIN_API_KEY: `otk_${randomBytes(32).toString('base64url')}`,
    SECRET_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    ROLES: 'api',
    RATE_LIMIT: 'off',
  };
  let database: TestDatabase;
  let otklik: OtklikProcess;
  let api: ApiClient;
  beforeAll(async () => {
    database = await TestDatabase.create();
    // At the commit of a message it waits for a lock that a spec may hold.
    await database.execute(`
      create function hold() returns trigger language plpgsql as $$
      begin
        perform pg_advisory_xact_lock_shared(7);
        return null;
      end $$;
      create constraint trigger hold after insert on messages
        deferrable initially deferred for each row execute function hold();
    `);
    await start();
  });
  afterAll(async () => {
    api?.close();
    await otklik?.stop();
    await database?.drop();
  });

  async function start(): Promise<void> {
    otklik = await OtklikProcess.start({ env: { ...env, DATABASE_URL: database.url } });
    api = new ApiClient(otklik.url, otklik.apiKey);
  }

  /** Kills it while its reply waits for what the spec has locked; then starts another. */
  async function killedAt(lock: string, reply: () => Promise<unknown>): Promise<void> {
    await database.during(lock, async () => {
      const unanswered = reply().then(
        () => 'answered',
        () => 'cut off',
      );
      await database.untilBlocked(1);
      await otklik.kill('SIGKILL');
      expect(await unanswered).toBe('cut off');
    });
    api.close();
    await start();
  }

  async function opened(clientId: string): Promise<(key: string) => Promise<Answer<MessageView>>> {
    const { body } = await api.post<ReceivedMessageView>('/api/messages', { clientId, content: 'Help!' });
    return (key) =>
      api.post<MessageView>(`/api/conversations/${body.conversationId}/replies`, REPLY, {
        'idempotency-key': key,
      });
  }

  const stored = (clientId: string) =>
    database.query<{ id: string }>(
      `select id from messages where client_id = $1 and direction = 'outbound'`,
      [clientId],
    );

  it('before the commit: it was not stored, and is when it comes again', async () => {
    const reply = await opened('before');
    await killedAt(`select from clients where id = 'before' for update`, () => reply('before'));
    const again = await reply('before');
    expect(again.status).toBe(201);
    expect(await stored('before')).toEqual([{ id: again.body.id }]);
    expect((await reply('before')).status).toBe(200);
  });

  it('in the commit, before its answer: it is stored, and gets its answer when it comes again', async () => {
    const reply = await opened('after');
    await killedAt('select pg_advisory_xact_lock(7)', () => reply('after'));
    const again = await reply('after');
    expect([again.status, again.headers['idempotent-replayed']]).toEqual([200, 'true']);
    expect(again.body).toMatchObject({ ...REPLY, clientId: 'after', direction: 'outbound' });
    expect(await stored('after')).toEqual([{ id: again.body.id }]);
    const events = await database.query(
      `select from events where type = 'message.replied' and conversation_id = $1`,
      [again.body.conversationId],
    );
    expect(events).toHaveLength(1);
  });
});
