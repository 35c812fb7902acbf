import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataDirectory } from '../src/database/data-directory.js';
import { EmbeddedPostgres } from '../src/database/embedded-postgres.js';
import { Notifications } from '../src/database/notifications.js';
import type { Health } from '../src/health/health.schemas.js';
import type { ReceivedMessageView } from '../src/messages/message.schemas.js';
import { ProcessWakeups } from '../src/processes/process-wakeups.js';
import { eventually } from './support/eventually.js';
import { SECOND } from './support/settable-clock.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

const QUIET = { info: () => undefined, warn: () => undefined };

describe('a database that goes away and comes back', () => {
  const folder = mkdtempSync(join(tmpdir(), 'otklik-outage-'));
  let directory: DataDirectory;
  let postgres: EmbeddedPostgres;
  const otklik = new TestOtklik({ databaseUrl: () => postgres.url });

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

  const health = (part = '') => otklik.api.get<Health>(`/health${part}`);

  /** Does something while PostgreSQL is away, and has it back afterwards. */
  async function withoutDatabase<T>(work: () => Promise<T>): Promise<T> {
    const { port } = new URL(postgres.url);
    await postgres.stop();
    const result = await work();
    await startPostgres(Number(port));
    return result;
  }

  it('is healthy while it is there (D17)', async () => {
    for (const part of ['', '/database', '/ready']) {
      const { status, body } = await health(part);
      expect(status).toBe(200);
      expect(body).toMatchObject({ status: 'healthy', checks: { database: { status: 'healthy' } } });
      expect(body.checks.database).toMatchObject({
        latencyMs: expect.any(Number),
        connections: expect.any(Number),
        idle: expect.any(Number),
        waiting: expect.any(Number),
      });
    }
  });

  it('is unhealthy while it is away, though the process lives; it recovers by itself', async () => {
    await withoutDatabase(async () => {
      for (const part of ['', '/database', '/ready']) {
        const { status, body } = await health(part);
        expect(status).toBe(503);
        expect(body).toMatchObject({
          status: 'unhealthy',
          checks: { database: { status: 'unhealthy', message: expect.stringContaining('ECONNREFUSED') } },
        });
      }
      expect((await health('/live')).status).toBe(200);
    });
    expect((await health()).status).toBe(200);
    expect((await otklik.receive({ clientId: newClient(), content: 'Back again' })).status).toBe(201);
  });

  it('is told of with 503, and nothing is half done', async () => {
    const { conversationId } = await otklik.accept({ clientId: newClient(), content: 'Before' });
    const before = await otklik.database.countRows();
    await withoutDatabase(async () => {
      const refused = await Promise.all([
        otklik.receive({ clientId: newClient(), content: 'Hello' }),
        otklik.receive({ clientId: newClient(), content: 'Hello' }, { 'idempotency-key': 'outage' }),
        otklik.api.get('/api/messages'),
        otklik.api.get(`/api/conversations/${conversationId}`),
        otklik.api.post(`/api/conversations/${conversationId}/close`, { reason: 'solved' }),
        otklik.api.withKey('otk_not-known-yet-not-known-yet').get('/api/messages'),
      ]);
      for (const { status, headers, body } of refused) {
        expect(status).toBe(503);
        expect(headers['retry-after']).toBe('1');
        expect(body).toMatchObject({ code: 'database_unavailable', status: 503 });
      }
      const invalid = await otklik.receive({ clientId: newClient(), content: '' });
      expect(invalid.status).toBe(400);
    });
    expect(await otklik.database.countRows()).toEqual(before);
    const again = await otklik.receive(
      { clientId: newClient(), content: 'Hello' },
      { 'idempotency-key': 'outage' },
    );
    expect(again.status).toBe(201);
  });

  it('keeps wake-ups from the workers no longer than it is away, and the earliest of several is told', async () => {
    const wakeups = otklik.part(ProcessWakeups);
    const woken: number[] = [];
    wakeups.listen(
      (name, at) => name === 'watering' && woken.push(at),
      () => undefined,
    );
    await withoutDatabase(async () => {
      wakeups.announce('watering', 1);
      await eventually(
        () => otklik.log.entries(({ msg }) => msg.startsWith('The workers were not')).length > 0,
      );
    });
    await eventually(() => {
      otklik.clock.advance(SECOND);
      return otklik.part(Notifications).isListening;
    });
    // The first is on its way when the others are told.
    for (const at of [4, 3, 2, 5]) wakeups.announce('watering', at);
    await eventually(() => woken.at(-1) === 2);
  });

  it('that dies under load loses nothing that was accepted, and doubles nothing', async () => {
    const messages = Array.from({ length: 300 }, (_, index) => ({
      clientId: newClient(),
      content: `Message ${index}`,
      key: `load-${index}`,
    }));
    const send = ({ clientId, content, key }: (typeof messages)[number]) =>
      otklik.api.post<ReceivedMessageView>(
        '/api/messages',
        { clientId, content },
        { 'idempotency-key': key },
      );
    const accepted = new Map<string, string>();
    const note = (key: string, { status, body }: { status: number; body: ReceivedMessageView }) => {
      expect([200, 201, 503]).toContain(status);
      if (status !== 503) accepted.set(key, body.id);
    };
    const first = messages.map(async (message) => note(message.key, await send(message)));
    await first[40];
    process.kill(postgres.pid ?? 0, 'SIGKILL');
    await Promise.all(first);
    const known = new Map(accepted);
    for (let left = messages; left.length > 0; left = left.filter(({ key }) => !accepted.has(key))) {
      await Promise.all(left.map(async (message) => note(message.key, await send(message))));
    }
    for (const [key, id] of known) expect(accepted.get(key)).toBe(id);
    const rows = await otklik.database.query<{ id: string }>(
      `select id from messages where content like 'Message %'`,
    );
    expect(rows.map(({ id }) => id).toSorted()).toEqual([...accepted.values()].toSorted());
    expect((await health()).status).toBe(200);
  });
});
