import { Agent, request } from 'undici';
import { newSecret, signingKey } from '../src/webhooks/signing/webhook-secret.js';
import { webhookSignature } from '../src/webhooks/signing/webhook-signature.js';
import * as behaviours from './support/webhook-receiver/behaviours.js';
import { WebhookReceiver } from './support/webhook-receiver.js';

describe('the receiver of the tests', () => {
  const secret = newSecret();
  let receiver: WebhookReceiver;
  let agent: Agent;

  beforeEach(() => {
    agent = new Agent();
  });

  afterEach(async () => {
    await agent.destroy();
    await receiver.close();
  });

  async function post(path = '/', { body = '{"type":"a"}', signed = '{"type":"a"}', age = 0 } = {}) {
    const timestamp = Math.floor(Date.now() / 1000) - age;
    const { statusCode, body: answer } = await request(receiver.url(path), {
      dispatcher: agent,
      method: 'POST',
      body,
      headers: {
        'webhook-id': 'id-1',
        'webhook-timestamp': String(timestamp),
        'webhook-signature': webhookSignature('id-1', timestamp, signed, [signingKey(secret)]),
      },
    });
    await answer.dump();
    return statusCode;
  }

  it('tells good signatures from bad ones, on each path by its own secrets', async () => {
    receiver = await WebhookReceiver.start({ secrets: [newSecret(), secret] });
    receiver.trust('/other', newSecret());
    await post('/?a=1');
    await post('/', { body: '{"type":"b"}' });
    await post('/', { age: 301 });
    await post('/other');
    expect(receiver.requests.map(({ id, type, isVerified }) => [id, type, isVerified])).toEqual([
      ['id-1', 'a', true],
      ['id-1', 'b', false],
      ['id-1', 'a', false],
      ['id-1', 'a', false],
    ]);
    expect([receiver.count, receiver.faulty]).toEqual([4, 3]);
  });

  it('goes by the clock of the sender where it has one', async () => {
    let now = Date.now();
    receiver = await WebhookReceiver.start({ secrets: [secret], now: () => now });
    await post('/', { age: 299 });
    await post('/', { body: '{}' });
    now += 3_600_000;
    await post();
    expect(receiver.requests.map(({ isVerified }) => isVerified)).toEqual([true, false, false]);
  });

  it('checks later what it is told to check later', async () => {
    receiver = await WebhookReceiver.start({ secrets: [secret], checksOneOf: 2 });
    for (let index = 0; index < 4; index++) await post('/', { body: '{}' });
    expect(receiver.faulty).toBe(2);
    expect(receiver.requests.every(({ fault }) => fault === 'No matching signature found')).toBe(true);
  });

  it('does as it is told: next, then for its path, then for all, until it forgets', async () => {
    receiver = await WebhookReceiver.start();
    receiver.behave(behaviours.answer(500));
    receiver.behave(behaviours.gone, '/path');
    receiver.next('/path', behaviours.answer(429), behaviours.unavailable);
    expect([await post('/path'), await post('/path'), await post('/path'), await post('/')]).toEqual([
      429, 503, 410, 500,
    ]);
    expect(receiver.at('/path')).toHaveLength(3);
    receiver.clear();
    expect(await post('/path')).toBe(200);
    expect(receiver.requests).toHaveLength(1);
  });

  it('can be waited for', async () => {
    receiver = await WebhookReceiver.start();
    const waiting = [receiver.received(2, '/a'), receiver.received(3)];
    await post('/a');
    await post('/b');
    await post('/a');
    for (const requests of await Promise.all(waiting)) expect(requests.length).toBeGreaterThan(1);
    expect(await receiver.received(1, '/b')).toHaveLength(1);
  });

  it('can refuse, and listen again where it was', async () => {
    receiver = await WebhookReceiver.start();
    const url = receiver.url();
    await post();
    await receiver.refuse();
    await expect(post()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await receiver.listen();
    expect(receiver.url()).toBe(url);
    expect(await post()).toBe(200);
  });
});
