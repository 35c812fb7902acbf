import { Cluster, type ClusterOptions, Redis, type RedisOptions, type SentinelAddress } from 'ioredis';
import type { Config } from '../config/config.js';
import type { RedisTarget } from '../config/redis-url.js';

/** A connection to Redis, to one server or to a cluster. */
export type RedisClient = Redis | Cluster;

/** The longest wait between two attempts to connect, in milliseconds. */
const LONGEST_RECONNECT_PAUSE = 2_000;

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
  };
  if (target.kind !== 'cluster') return new Redis({ ...options, ...whereabouts(target, 0) });
  const cluster: ClusterOptions = {
    redisOptions: common(target, settings, 'otklik'),
    clusterRetryStrategy: reconnectPause,
    slotsRefreshTimeout: settings.connectTimeout,
    enableOfflineQueue: false,
    enableAutoPipelining: true,
    lazyConnect: true,
  };
  return new Cluster([...target.hosts], cluster);
}

/**
 * A connection to hear what is said, that does not come back by itself: whoever hears has to know that he missed
 * something. Every node of a cluster hears all that is said; each attempt takes the next one.
 */
export function createRedisListener(target: RedisTarget, settings: Config['redis'], attempt: number): Redis {
  return new Redis({
    ...common(target, settings, 'otklik-listener'),
    autoResubscribe: false,
    retryStrategy: () => null,
    ...whereabouts(target, attempt),
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
    disconnectTimeout: settings.commandTimeout,
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
