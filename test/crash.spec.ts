import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeSummary } from './crash/crash-summary.js';
import { runCrashTest } from './crash/crash-test.js';
import { VICTIMS } from './crash/victims.js';

/** The long form is `npm run test:crash`. */
const ROUNDS = 2;

describe('kill -9 of Otklik, of its PostgreSQL and of its connections, in turn and under load', () => {
  const folder = mkdtempSync(join(tmpdir(), 'otklik-crash-'));

  afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));

  it('loses nothing that was acknowledged, doubles nothing, and leaves nothing half done', async () => {
    const seed = Date.now() % 1_000_000;
    const summary = await runCrashTest({
      kills: ROUNDS * VICTIMS.length,
      seed,
      connections: 8,
      clients: 20,
      folder,
    });
    if (summary.faults.length > 0) throw new Error(`With --seed ${seed}: ${describeSummary(summary)}`);
    expect(summary.kills).toHaveLength(ROUNDS * VICTIMS.length);
    expect(summary.acknowledged).toBeGreaterThan(100);
    // What was asked for and not answered shows that the kills hit something.
    expect(summary.lost + summary.refused).toBeGreaterThan(0);
  }, 120_000);
});
