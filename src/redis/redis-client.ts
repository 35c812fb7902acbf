import { createRequire } from 'node:module';
import type * as IORedis from 'ioredis';
import type { Cluster, ClusterOptions, Redis, RedisOptions, SentinelAddress } from 'ioredis';
import type { Config } from '../config/config.js';
import type { RedisTarget } from '../config/redis-url.js';

/** Read where there is a Redis: whoever has none need not wait for it at each start. */
const ioredis = (): typeof IORedis => createRequire(import.meta.url)('ioredis');

/** A connection to Redis, to one server or to a cluster. */
export type RedisClient = Redis | Cluster;

/** The longest wait between two attempts to connect, in milliseconds. */
const LONGEST_RECONNECT_PAUSE = 2_000;

/**
 * How long a connection that is given up has to end by itself, in milliseconds. A timer of ioredis waits for that, also
 * where it has ended already, and keeps the process alive meanwhile.
 */
const FAREWELL_PATIENCE = 100;

/** How often the time of a command has to pass in silence before the connection counts as dead. */
const SILENT_TIMEOUTS = 3;

/**
 * A client that never makes anybody wait: what cannot be sent now fails now, what is not answered in time fails
 * then, and nothing is sent twice by itself. It connects by itself, again and again.
 */
export function createRedisClient(target: RedisTarget, settings: Config['redis']): RedisClient {
  const options: RedisOptions = {
    ...common(target, settings, 'otklik'),
    enableAutoPipelining: true,
    retryStrategy: reconnectPause,
    // What it is called leads to another server by now, and this connection would stay with the replica.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  };
  if (target.kind !== 'cluster')
    return forgetful(new (ioredis().Redis)({ ...options, ...whereabouts(target, 0) }));
  const cluster: ClusterOptions = {
    redisOptions: common(target, settings, 'otklik'),
    clusterRetryStrategy: reconnectPause,
    slotsRefreshTimeout: settings.connectTimeout,
    enableOfflineQueue: false,
    enableAutoPipelining: true,
    lazyConnect: true,
  };
  return new (ioredis().Cluster)([...target.hosts], cluster).on('+node', forgetful);
}

/**
 * A connection to hear what is said, that does not come back by itself: whoever hears has to know that he missed
 * something. Every node of a cluster hears all that is said; each attempt takes the next one.
 */
export function createRedisListener(target: RedisTarget, settings: Config['redis'], attempt: number): Redis {
  return forgetful(
    new (ioredis().Redis)({
      ...common(target, settings, 'otklik-listener'),
      autoResubscribe: false,
      retryStrategy: () => null,
      ...whereabouts(target, attempt),
    }),
  );
}

/**
 * The timer that ends a connection for its silence outlives it, and would end the one after it
 * (https://github.com/redis/ioredis/issues/2147): it goes with its connection. ioredis has this timer, but does not say
 * so in its types.
 */
function forgetful(client: Redis): Redis {
  const own = client as unknown as { socketTimeoutTimer: NodeJS.Timeout | undefined };
  return client.on('close', () => {
    clearTimeout(own.socketTimeoutTimer);
    own.socketTimeoutTimer = undefined;
  });
}

function common(target: RedisTarget, settings: Config['redis'], connectionName: string): RedisOptions {
  return {
    ...(target.username !== undefined && { username: target.username }),
    ...(target.password !== undefined && { password: target.password }),
    ...(target.tls && { tls: {} }),
    connectionName,
    connectTimeout: settings.connectTimeout,
    commandTimeout: settings.commandTimeout,
    socketTimeout: settings.commandTimeout * SILENT_TIMEOUTS,
    disconnectTimeout: FAREWELL_PATIENCE,
    keepAlive: settings.keepAlive,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    lazyConnect: true,
    disableClientInfo: true,
  };
}

function whereabouts(target: RedisTarget, attempt: number): RedisOptions {
  if (target.kind !== 'sentinel') return { db: target.db, ...target.hosts[attempt % target.hosts.length] };
  return {
    db: target.db,
    ...(target.master !== undefined && { name: target.master }),
    sentinels: target.hosts as SentinelAddress[],
    ...(target.sentinelPassword !== undefined && { sentinelPassword: target.sentinelPassword }),
    sentinelRetryStrategy: reconnectPause,
    // Not only when the connection breaks: a master that was replaced may go on answering.
    failoverDetector: true,
    ...(target.tls && { enableTLSForSentinelMode: true }),
  };
}

/** Longer from attempt to attempt, and different in each process, so that they do not come all at once. */
export function reconnectPause(attempt: number): number {
  const pause = Math.min(50 * 2 ** Math.min(attempt, 10), LONGEST_RECONNECT_PAUSE);
  return pause / 2 + Math.random() * (pause / 2);
}
