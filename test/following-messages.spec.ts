import { randomBytes } from 'node:crypto';
import type { MessageView, ReceivedMessageView } from '../src/messages/message.schemas.js';
import { ApiClient, type PageOf } from './support/api-client.js';
import { eventually } from './support/eventually.js';
import { OtklikProcess } from './support/otklik-process.js';
import { TestDatabase } from './support/test-database.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

const ids = (messages: readonly { id: string }[]) => messages.map(({ id }) => id);

describe('who follows all messages by the last one that he has read', () => {
  const otklik = new TestOtklik({ env: { MESSAGE_SETTLE_WAIT: 'PT30S' } });
  const impatient = new TestOtklik({ beside: otklik, env: { MESSAGE_SETTLE_WAIT: 'PT0S' } });
  const clientId = newClient();
  let first: ReceivedMessageView;
  beforeAll(async () => {
    await otklik.start();
    await impatient.start();
    first = await otklik.accept({ clientId, content: 'First' });
  });
  afterAll(async () => {
    await impatient.stop();
    await otklik.stop();
  });

  const behind = (at: TestOtklik, id: string) =>
    at.api.get<PageOf<MessageView>>(`/api/messages?after=${id}`).then(({ body }) => ids(body.data));

  it('waits for one that is stored later than the next, as long as MESSAGE_SETTLE_WAIT says', async () => {
    let late: Promise<ReceivedMessageView> | undefined;
    let following: Promise<string[]> | undefined;
    let soon: ReceivedMessageView | undefined;
    await otklik.database.commitAfter(`select from clients where id = '${clientId}' for update`, async () => {
      late = otklik.accept({ clientId, content: 'Late' });
      await eventually(
        () => otklik.database.query(`select from pg_stat_activity where wait_event_type = 'Lock'`),
        (waiting) => waiting.length > 0,
      );
      soon = await otklik.accept({ clientId: newClient(), content: 'Soon' });
      expect(await behind(impatient, first.id)).toEqual([soon.id]);
      following = behind(otklik, first.id);
      let looks = 0;
      const enough = eventually(() => otklik.database.query('select 1').then(() => ++looks > 100));
      expect(await Promise.race([following, enough])).toBe(true);
    });
    expect(await following).toEqual([(await late)?.id, soon?.id]);
  });

  it('misses none of those that come in at the same time, to two processes', async () => {
    const database = await TestDatabase.create();
    const env = {
      DATABASE_URL: database.url,
      RATE_LIMIT: 'off',
      // Long enough for a machine that is busy.
      MESSAGE_SETTLE_TIME: 'PT1S',
      ADMIN_API_KEY: otklik.adminApiKey,
      SECRET_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    };
    const processes = await Promise.all([OtklikProcess.start({ env }), OtklikProcess.start({ env })]);
    const callers = processes.map(({ url }) => new ApiClient(url, otklik.adminApiKey));
    try {
      const [reader] = callers as [ApiClient, ApiClient];
      const write = async (writer: number): Promise<string[]> => {
        const written: string[] = [];
        for (let number = 0; number < 40; number++) {
          const message = { clientId: `writer-${writer}-${number}`, content: 'zxqv wrblk' };
          const { body } = await (callers[writer % 2] ?? reader).post<{ id: string }>(
            '/api/messages',
            message,
          );
          written.push(body.id);
        }
        return written;
      };
      const begun = await reader.post<{ id: string }>('/api/messages', {
        clientId: 'first',
        content: 'First',
      });
      let isOver = false;
      const writing = Promise.all(Array.from({ length: 16 }, (_, writer) => write(writer))).finally(() => {
        isOver = true;
      });
      const read: string[] = [];
      for (let wasOver = false; ; ) {
        const after = read.at(-1) ?? begun.body.id;
        const { body } = await reader.get<PageOf<MessageView>>(`/api/messages?after=${after}&limit=200`);
        read.push(...ids(body.data));
        if (wasOver && body.data.length === 0) break;
        wasOver = isOver;
      }
      expect(read.toSorted()).toEqual((await writing).flat().toSorted());
    } finally {
      for (const caller of callers) caller.close();
      await Promise.all(processes.map((process) => process.stop()));
      await database.drop();
    }
  });
});
