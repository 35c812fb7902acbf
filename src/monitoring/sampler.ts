import { Injectable } from '@nestjs/common';
import { Clock, IdGenerator } from '../clock/clock.js';
import { DatabaseHealth } from '../health/database-health.js';
import type { HealthCheck } from '../health/health.schemas.js';
import type { HealthPart } from '../health/health-part.js';
import { HealthParts } from '../health/health-parts.js';
import { RedisStatus } from '../redis/redis-status.js';
import { errorMessage } from '../resilience/error-code.js';
import type { MonitorSettings } from './monitor-settings.js';
import { MonitoringInstance } from './monitoring-instance.js';
import { isWorse, type State } from './part-state.js';

/** What was seen of a part at a time. */
export interface Sample {
  readonly id: string;
  readonly service: string;
  readonly instance: string;
  readonly at: Date;
  readonly status: State;
  readonly latencyMs: number | null;
  readonly message: string | null;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** What was seen of all parts. */
export interface Look {
  readonly samples: readonly Sample[];
  /** Parts that are not configured have no samples, and nothing is wrong with them. */
  readonly absent: readonly string[];
  /** The settings of the monitor, as the database has them; undefined: it did not answer. */
  readonly stored: Partial<MonitorSettings> | null | undefined;
}

/** Whose answers can be too slow. */
const TIMED = ['database', 'redis'];

/** One statement that writes a row and reads another one, and says how full the server is. */
const WRITE_AND_READ = `
  with written as (
    insert into monitoring_probes (instance, written_at) values ($1, $2)
    on conflict (instance) do update set written_at = excluded.written_at
    returning written_at)
  select written_at = $2 as "isWritten",
         (select settings from monitoring_settings) as stored,
         (select sum(numbackends)::int from pg_stat_database) as "serverConnections",
         current_setting('max_connections')::int as "serverMaxConnections",
         pg_size_bytes(current_setting('shared_buffers'))::float8 as "sharedBuffersBytes"
    from written`;

/** Looks at each part, as this process sees it. */
@Injectable()
export class Sampler {
  constructor(
    private readonly parts: HealthParts,
    private readonly database: DatabaseHealth,
    private readonly redis: RedisStatus,
    private readonly instance: MonitoringInstance,
    private readonly clock: Clock,
    private readonly ids: IdGenerator,
  ) {}

  async look(): Promise<Look> {
    const at = new Date(this.clock.now());
    const checks = await Promise.all(this.parts.all.map((part) => this.check(part, at)));
    const absent = checks.filter(({ check }) => check.status === 'not_configured');
    const seen = checks.filter((check) => !absent.includes(check));
    return {
      samples: seen.map(({ name, check }) => this.sample(name, check, at)),
      absent: absent.map(({ name }) => name),
      stored: seen.find(({ name }) => name === 'database')?.stored,
    };
  }

  private async check(part: HealthPart, at: Date) {
    const { name } = part;
    try {
      if (name === 'redis') return { name, check: await this.redisCheck(part) };
      if (name !== 'database') return { name, check: await part.check() };
      const { stored, ...check } = await this.database.ask({
        name: 'monitor',
        text: WRITE_AND_READ,
        values: [this.instance.name, at],
      });
      return { name, check, stored: stored as Look['stored'] };
    } catch (error) {
      return { name, check: { status: 'unhealthy' as const, message: errorMessage(error) } };
    }
  }

  /** With what Redis says of its memory. */
  private async redisCheck(part: HealthPart): Promise<HealthCheck> {
    const check = await part.check();
    return check.status === 'healthy' ? { ...check, ...(await this.redis.memory()) } : check;
  }

  private sample(service: string, { status, latencyMs, message, ...facts }: HealthCheck, at: Date): Sample {
    return {
      id: this.ids.next(),
      service,
      instance: this.instance.name,
      at,
      status: status === 'not_configured' ? 'healthy' : status,
      latencyMs: latencyMs ?? null,
      message: message ?? null,
      facts,
    };
  }
}

/** The sample with the time that the answer took counted in. */
export function timed(sample: Sample, limits: MonitorSettings): Sample {
  const { service, status, latencyMs } = sample;
  if (!TIMED.includes(service) || latencyMs === null) return sample;
  const slow: State =
    latencyMs > limits.responseTimeUnhealthy
      ? 'unhealthy'
      : latencyMs > limits.responseTimeDegraded
        ? 'degraded'
        : 'healthy';
  if (!isWorse(slow, status)) return sample;
  return { ...sample, status: slow, message: `it took ${latencyMs} ms to answer` };
}
