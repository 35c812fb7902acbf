import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { DatabaseProbe } from './database-probe.js';
import type { HealthCheck } from './health.schemas.js';
import type { HealthPart } from './health-part.js';
import { unreachable } from './single-probe.js';

/** A question to the database, and who asks it. */
interface Question {
  readonly name: string;
  readonly text: string;
  readonly values?: readonly unknown[];
}

/** Whether the database answers, and whether this process has connections enough to it. */
@Injectable()
export class DatabaseHealth implements HealthPart {
  readonly name = 'database';
  private readonly poolMax: number;

  constructor(
    private readonly probe: DatabaseProbe,
    @Inject(CONFIG) config: Config,
  ) {
    this.poolMax = config.database.poolMax;
  }

  check(): Promise<HealthCheck> {
    return this.ask({ name: 'database', text: 'select 1 where false' });
  }

  /** The same with a question of the asker's own, whose answer stands beside the numbers of the pool. */
  async ask({ name, text, values }: Question): Promise<HealthCheck> {
    const started = performance.now();
    const pool = this.pool();
    try {
      const { result, latencyMs } = await this.probe.ask(name, text, values);
      return { ...this.judge(pool.waiting, pool.inUse), latencyMs, ...pool, ...result[0] };
    } catch (error) {
      return { ...unreachable(error, started), ...pool };
    }
  }

  /** Requests wait for a connection now and then; more of them than there are connections is too many. */
  private judge(waiting: number, inUse: number): HealthCheck {
    if (inUse < this.poolMax || waiting <= this.poolMax) return { status: 'healthy' };
    return { status: 'degraded', message: `${waiting} wait for one of ${this.poolMax} connections` };
  }

  /** The pool as the probe finds it: the probe's own connection is not in use yet. */
  private pool() {
    const { totalCount, idleCount, waitingCount } = this.probe.pool;
    return {
      connections: totalCount,
      idle: idleCount,
      inUse: totalCount - idleCount,
      waiting: waitingCount,
      max: this.poolMax,
    };
  }
}
