import { Injectable } from '@nestjs/common';
import { Replicas } from '../database/replicas/replicas.js';
import { Metrics } from './metrics.js';

/** The replicas of DATABASE_REPLICA_URLS, as this process sees them; their names come from there. */
@Injectable()
export class ReplicaMetrics {
  constructor(metrics: Metrics, replicas: Replicas) {
    metrics.gauge('replica_usable', 'Whether lists are read from the replica.', ['replica'], () =>
      replicas.reports().map(({ name, problem }) => [{ replica: name }, problem === null ? 1 : 0] as const),
    );
    metrics.gauge(
      'replica_lag_seconds',
      'How far the replica is behind, where that is known.',
      ['replica'],
      () =>
        replicas
          .reports()
          .flatMap(({ name, lagMs }) => (lagMs === null ? [] : [[{ replica: name }, lagMs / 1000] as const])),
    );
  }
}
