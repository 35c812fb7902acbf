import type { Redis } from 'ioredis';
import type { RedisClient } from '../redis/redis-client.js';
import type { RedisConnection } from '../redis/redis-connection.js';
import { batches } from './batches.js';

/** How many names Redis looks at before it answers: it does nothing else meanwhile. */
const LOOK_AT = 1_000;

/**
 * Removes whatever matches, from all nodes of a cluster, by SCAN: KEYS would stop Redis for as long as it takes.
 *
 * @returns how many were removed
 * @throws where Redis is not there, or goes away meanwhile
 */
export async function removeMatching(redis: RedisConnection, pattern: string): Promise<number> {
  const nodes = await redis.run(async (client) => nodesOf(client));
  let removed = 0;
  for (const node of nodes) removed += await removeFromNode(redis, node, pattern);
  return removed;
}

async function removeFromNode(redis: RedisConnection, node: Redis, pattern: string): Promise<number> {
  let cursor = '0';
  let removed = 0;
  do {
    const [next, keys] = await redis.run(() => node.scan(cursor, 'MATCH', pattern, 'COUNT', LOOK_AT));
    cursor = next;
    for (const some of batches(keys)) {
      const results = await redis.run(() => node.pipeline(some.map((key) => ['unlink', key])).exec());
      for (const [error, count] of results ?? []) {
        if (error) throw error;
        removed += Number(count);
      }
    }
  } while (cursor !== '0');
  return removed;
}

function nodesOf(client: RedisClient): Redis[] {
  return client.isCluster
    ? (client as Extract<RedisClient, { nodes: unknown }>).nodes('master')
    : [client as Redis];
}
