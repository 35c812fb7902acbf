import { Injectable } from '@nestjs/common';
import { ABSENT_PARTS } from './absent-parts.js';
import { BackupsHealth } from './backups-health.js';
import { DatabaseHealth } from './database-health.js';
import { DiskHealth } from './disk-health.js';
import type { HealthPart } from './health-part.js';
import { ProcessHealth } from './process-health.js';
import { RedisHealth } from './redis-health.js';
import { ReplicaHealth } from './replica-health.js';
import { SchedulerHealth } from './scheduler-health.js';
import { SelfCheckHealth } from './self-check-health.js';
import { WebhookHealth } from './webhook-health.js';

/** Every part that can be well or not, in the order of the answer. */
@Injectable()
export class HealthParts {
  readonly all: readonly HealthPart[];

  constructor(
    database: DatabaseHealth,
    redis: RedisHealth,
    scheduler: SchedulerHealth,
    selfCheck: SelfCheckHealth,
    webhook: WebhookHealth,
    disk: DiskHealth,
    process: ProcessHealth,
    replicas: ReplicaHealth,
    backups: BackupsHealth,
  ) {
    this.all = [
      database,
      redis,
      scheduler,
      selfCheck,
      webhook,
      disk,
      process,
      replicas,
      backups,
      ...ABSENT_PARTS,
    ];
  }

  /** @throws Error where there is no such part: a mistake of ours */
  named(...names: readonly string[]): readonly HealthPart[] {
    return names.map((name) => {
      const part = this.all.find((candidate) => candidate.name === name);
      if (!part) throw new Error(`There is no part ${name}.`);
      return part;
    });
  }
}
