import { randomUUID } from 'node:crypto';
import type { DeliveryDetailsView, DeliveryView } from '../src/webhooks/delivery.schemas.js';
import type { ReplayView } from '../src/webhooks/replay.schemas.js';
import type { CreatedWebhook } from '../src/webhooks/webhook.schemas.js';
import { makeEvent } from './support/deliveries.js';
import { eventually } from './support/eventually.js';
import { DAY, HOUR, SECOND } from './support/settable-clock.js';
import { TestOtklik } from './support/test-otklik.js';
import { WebhookReceiver } from './support/webhook-receiver.js';

const COUNT = 60;

let endpoints = 0;

describe.each(['worker', 'api'])('what is asked for once more, at a process with the role %s', (role) => {
  const env = {
    WEBHOOK_ALLOW_HTTP: 'true',
    WEBHOOK_ALLOWED_CIDRS: '127.0.0.0/8',
    WEBHOOK_REPLAY_BATCH_SIZE: '7',
  };
  const worker = new TestOtklik({ env: { ...env, ROLES: 'api,worker' } });
  const api = new TestOtklik({ env, beside: worker });
  const otklik = role === 'worker' ? worker : api;
  let receiver: WebhookReceiver;
  beforeAll(async () => {
    await worker.start();
    await api.start();
    receiver = await WebhookReceiver.start({ now: () => worker.clock.now() });
  });
  afterAll(async () => {
    await api.stop();
    await worker.stop();
    await receiver.close();
  });
  // The clock stands still: nothing comes because it would have come anyway.
  beforeEach(() => worker.clock.advance(DAY));

  /** An endpoint that begins after everything that is there, with a path of its own. */
  async function endpoint(settings: object = {}): Promise<{ webhookId: string; path: string }> {
    endpoints++;
    const path = `/hook-${endpoints}`;
    const { body } = await otklik.api.post<CreatedWebhook>('/api/webhooks', {
      url: receiver.url(path),
      ...settings,
    });
    receiver.trust(path, body.secret);
    return { webhookId: body.id, path };
  }

  const replayOf = async (webhookId: string, body: object) =>
    (await otklik.api.post<ReplayView>(`/api/webhooks/${webhookId}/replay`, body)).body;

  const untilAllAre = (status: string, webhookId: string, count: number) =>
    eventually(
      () => otklik.api.all<DeliveryView>(`/api/webhooks/${webhookId}/deliveries?status=${status}&limit=200`),
      (all) => all.length === count,
    );

  it('comes at once, as the same bytes under the same id', async () => {
    const at = worker.clock.iso(-SECOND);
    const eventId = await makeEvent(worker.database, { at });
    const { webhookId, path } = await endpoint();
    await replayOf(webhookId, { since: at });
    await receiver.received(1, path);
    const [delivery] = await untilAllAre('delivered', webhookId, 1);
    const about = `/api/deliveries/${delivery?.id}`;
    expect((await otklik.api.post(`${about}/redeliver`, {})).status).toBe(202);
    const [first, second] = await receiver.received(2, path);
    await untilAllAre('delivered', webhookId, 1);
    const { body } = await otklik.api.get<DeliveryDetailsView>(about);
    for (const request of [first, second]) {
      expect(request?.fault).toBeUndefined();
      expect(request?.headers['webhook-id']).toBe(eventId);
      expect(request?.body.toString()).toBe(body.body);
    }
    expect(body.attempts.map(({ number, status }) => [number, status])).toEqual([
      [1, 200],
      [2, 200],
    ]);
  });

  it('comes in the order of each conversation, where the webhook is ordered', async () => {
    const conversations = [randomUUID(), randomUUID(), randomUUID()];
    const sent: string[][] = [[], [], []];
    for (let index = 0; index < COUNT; index++) {
      const at = worker.clock.iso(-HOUR + index * SECOND);
      const conversationId = conversations[index % 3] as string;
      sent[index % 3]?.push(await makeEvent(worker.database, { at, conversationId }));
    }
    const { webhookId, path } = await endpoint({ ordered: true });
    for (let round = 1; round <= 2; round++) {
      const { id } = await replayOf(webhookId, { since: worker.clock.iso(-HOUR) });
      const all = await receiver.received(round * COUNT, path);
      const arrived = all.slice((round - 1) * COUNT).map(({ headers }) => headers['webhook-id'] as string);
      for (const events of sent) expect(arrived.filter((one) => events.includes(one))).toEqual(events);
      await untilAllAre('delivered', webhookId, COUNT);
      expect(receiver.at(path).filter(({ isVerified }) => isVerified)).toHaveLength(round * COUNT);
      const replay = await otklik.api.get<ReplayView>(`/api/webhooks/${webhookId}/replays/${id}`);
      expect(replay.body).toMatchObject({ status: 'finished', replayed: COUNT });
    }
  });
});
