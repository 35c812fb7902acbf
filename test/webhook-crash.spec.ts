import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Arrival, MannerName } from './webhook-crash/crash-endpoints.js';
import { runWebhookCrashTest } from './webhook-crash/webhook-crash-test.js';
import { brokenWebhookPromises, countDuplicates, type Evidence } from './webhook-crash/webhook-proof.js';

describe('webhooks, while workers are killed and endpoints fail', () => {
  const folder = mkdtempSync(join(tmpdir(), 'otklik-webhook-crash-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  // The long form is `npm run test:webhooks`.
  it('reach every endpoint, and come again for a reason only', async () => {
    const { faults, kills, events, deliveries } = await runWebhookCrashTest({
      kills: 2,
      seed: 20_261_121,
      conversations: 20,
      workers: 2,
      parallel: 2,
      folder,
    });
    expect(faults).toEqual([]);
    expect(kills).toBe(2);
    expect(events).toBeGreaterThan(150);
    expect(deliveries).toBeGreaterThan(750);
  }, 120_000);
});

describe('what the crash test calls a broken promise', () => {
  const ENDPOINTS: readonly MannerName[] = ['well', 'ordered', 'flaky', 'lossy', 'limited', 'unsteady'];
  const events = [1, 2, 3].map((number) => ({
    id: `event-${number}`,
    type: 'message.received',
    conversationId: 'conversation',
    body: `body ${number}`,
  }));
  const arrival = (number: number, endpoint: MannerName, at = number * 100): Arrival => ({
    endpoint,
    eventId: `event-${number}`,
    body: `body ${number}`,
    isVerified: true,
    at,
    isAnswered: true,
    answeredAt: at + 10,
  });
  const well = (): Arrival[] =>
    ENDPOINTS.flatMap((endpoint) => [1, 2, 3].map((number) => arrival(number, endpoint)));

  const promises = (arrivals: readonly Arrival[], more: Partial<Evidence> = {}) =>
    brokenWebhookPromises({ events, arrivals, kills: [], ...more });

  /** All is well but for the one that is changed. */
  const changed = (change: Partial<Arrival>): Arrival[] =>
    well().map((one) =>
      one.endpoint === 'ordered' && one.eventId === 'event-2' ? { ...one, ...change } : one,
    );

  it('is not there while all is well', () => {
    expect(promises(well())).toEqual([]);
  });

  it.each<[what: string, arrivals: () => Arrival[]]>([
    ['an event never arrived', () => well().slice(1)],
    ['an event never arrived', () => changed({ answeredAt: undefined })],
    [
      'something arrived that is no event',
      () => [...well(), { ...arrival(1, 'well'), eventId: 'unheard of' }],
    ],
    ['a signature was wrong', () => changed({ isVerified: false })],
    ['a body was another than is stored', () => changed({ body: 'body  2' })],
    ['an event came again although it was answered', () => [...well(), arrival(2, 'flaky', 900)]],
    ['an event overtook an earlier one of its conversation', () => changed({ at: 350, answeredAt: 360 })],
    [
      'more came in a second than the limit allows',
      () => [
        ...well(),
        ...Array.from({ length: 500 }, () => ({ ...arrival(3, 'limited'), isAnswered: false })),
      ],
    ],
  ])('is that %s', (what, arrivals) => {
    expect(promises(arrivals()).join()).toContain(what);
  });

  it('is no event that came again because of a kill, or of an answer that was lost', () => {
    const arrivals = [...well(), arrival(2, 'flaky', 900), arrival(3, 'lossy', 900)];
    const lost = arrivals.map((one) =>
      one.endpoint === 'lossy' && one.at === 300 ? { ...one, isAnswered: false, answeredAt: undefined } : one,
    );
    const evidence = { events, arrivals: lost, kills: [500] };
    expect(brokenWebhookPromises(evidence)).toEqual([]);
    expect(countDuplicates(evidence)).toEqual({ afterKill: 1, afterLostAnswer: 1, unexplained: [] });
  });
});
