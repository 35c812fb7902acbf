/** Connections of graphile-worker's pool, as its documentation has them where it states its speed. */
export const GRAPHILE_CONNECTIONS = 25;

const GRAPHILE = { concurrentJobs: 24, maxPoolSize: GRAPHILE_CONNECTIONS };

/**
 * `graphile` has its defaults, but the 24 jobs at once with which its documentation states its speed; `graphile-local`
 * has all that the documentation has there.
 */
export const GRAPHILE_SETTINGS = {
  graphile: GRAPHILE,
  'graphile-local': {
    ...GRAPHILE,
    localQueue: { size: 500 },
    completeJobBatchDelay: 0,
    failJobBatchDelay: 0,
  },
} as const;

/**
 * pg-boss asks for the next batch at once as long as the last one was full, and otherwise twice a second: as often as
 * it can. Its own upkeep is off.
 */
export const PG_BOSS_SETTINGS = {
  work: { batchSize: 500, localConcurrency: 4, burstWhenBatchFull: true, pollingIntervalSeconds: 0.5 },
  boss: { max: 10, supervise: false, schedule: false },
} as const;

/** The bare loop: connections, each of which claims and completes one batch after the other. */
export const BARE_SETTINGS = { connections: 4, batchSize: 500 } as const;
