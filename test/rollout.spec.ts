import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { differences, runRolloutTest } from './rollout/rollout-test.js';

describe('a rollout: two api and two worker processes, restarted in turn under load (E24)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'otklik-rollout-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  // The long form is `npm run test:rollout`.
  it('fails no request, loses nothing, does nothing twice, and shows everybody what he wrote', async () => {
    const { faults, restarts, messages, webhooks, readsOfReplica } = await runRolloutTest({
      rounds: 1,
      visitors: 4,
      folder,
    });
    expect(faults).toEqual([]);
    expect(restarts).toBe(4);
    expect(messages).toBeGreaterThan(100);
    expect(webhooks).toBe(messages);
    expect(readsOfReplica).toBeGreaterThan(100);
  }, 90_000);
});

describe('what a rollout would be blamed for', () => {
  it.each<[what: string, found: string[], faults: string[]]>([
    ['nothing', ['a', 'b'], []],
    ['a loss', ['a'], ['b was accepted and never stored']],
    ['something twice', ['a', 'b', 'a'], ['a was stored twice']],
    ['something unheard of', ['a', 'b', 'c'], ['c was stored and never accepted']],
  ])('is %s', (_what, found, faults) => {
    expect(differences('stored', ['a', 'b'], found)).toEqual(faults);
  });
});
