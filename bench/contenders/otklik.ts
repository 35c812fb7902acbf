import { randomBytes } from 'node:crypto';
import { OtklikProcess } from '../../test/support/otklik-process.js';
import type { Cleanup } from '../cleanup.js';

/**
 * Otklik as it is delivered, in a process of its own: every part of it runs, logging and workers included.
 * Only the rate limits are off, since a benchmark is what they are there to stop.
 */
export const OTKLIK_SETTINGS = { RATE_LIMIT: 'off' } as const;

/** Milliseconds. It ends by itself within 25 s (SHUTDOWN_DEADLINE), or it never will. */
const STOP_DEADLINE = 40_000;

export interface RunningOtklik {
  readonly url: string;
  readonly apiKey: string;
  readonly pid: number;
  /** To be called when it is to end before the run does. */
  readonly stop: () => Promise<void>;
}

/** @param env variables on top of those, such as `ROLES` */
export async function startOtklik(
  databaseUrl: string,
  cleanup: Cleanup,
  env: Readonly<Record<string, string>> = {},
): Promise<RunningOtklik> {
  const otklik = await OtklikProcess.start({
    env: {
      ...OTKLIK_SETTINGS,
      DATABASE_URL: databaseUrl,
      // Ctrl-C during its start takes the database away: it is not to be waited for.
      DATABASE_START_WAIT: 'PT15S',
      ADMIN_API_KEY: randomBytes(32).toString('base64url'),
      SECRET_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      ...env,
    },
  });
  const stop = await cleanup.defer(async () => {
    const impatience = setTimeout(() => void otklik.kill('SIGKILL'), STOP_DEADLINE);
    await otklik.stop();
    clearTimeout(impatience);
  });
  return { url: otklik.url, apiKey: otklik.apiKey, pid: otklik.pid, stop };
}
