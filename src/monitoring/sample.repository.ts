import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { decodeCursor, type Page, toPage } from '../http/pagination.js';
import { MonitoringInstance } from './monitoring-instance.js';
import type { State } from './part-state.js';
import type { Sample } from './sampler.js';

/** What this process made of a part. */
export interface SeenState {
  readonly service: string;
  readonly status: State;
  readonly message: string | null;
}

/** How a part was in a range of time. */
export interface ServiceReport {
  readonly service: string;
  readonly samples: number;
  readonly healthy: number;
  readonly degraded: number;
  readonly unhealthy: number;
  /** Milliseconds: the median, 95 and 99 in a hundred, the longest; null where nothing was timed. */
  readonly latencies: readonly number[] | null;
}

const COLUMNS = 'id, service, instance, at, status, latency_ms as "latencyMs", message, facts';

/** The history of the monitor, and how each process finds each part. */
@Injectable()
export class SampleRepository {
  constructor(
    private readonly dataSource: DataSource,
    private readonly instance: MonitoringInstance,
  ) {}

  /** Writes what was seen since the last time, in one statement. */
  async write(samples: readonly Sample[], states: readonly SeenState[], at: Date): Promise<void> {
    await this.dataSource.query(
      `with kept as (
         insert into monitoring_samples (id, service, instance, at, status, latency_ms, message, facts)
         select id, service, instance, at, status, "latencyMs", message, facts
           from jsonb_to_recordset($1) as sample (id uuid, service text, instance text, at timestamptz,
                                                  status text, "latencyMs" real, message text, facts json)
         on conflict (id) do nothing)
       insert into monitoring_states (service, instance, status, message, seen_at)
       select service, $3, status, message, $4
         from jsonb_to_recordset($2) as state (service text, status text, message text)
       on conflict (service, instance)
       do update set status = excluded.status, message = excluded.message, seen_at = excluded.seen_at`,
      [JSON.stringify(samples), JSON.stringify(states), this.instance.name, at],
    );
  }

  /** The newest sample of each of these parts, whoever took it. */
  async newest(services: readonly string[]): Promise<Sample[]> {
    return this.dataSource.query(
      `select sample.*
         from unnest($1::text[]) part (name)
        cross join lateral (
          select ${COLUMNS} from monitoring_samples
           where service = part.name
           order by at desc, id desc
           limit 1) sample`,
      [services],
    );
  }

  /** Reads all samples of the time: a report, no list. */
  async report(services: readonly string[], since: Date): Promise<ServiceReport[]> {
    return this.dataSource.query(
      `select service, count(*)::int as samples,
              count(*) filter (where status = 'healthy')::int as healthy,
              count(*) filter (where status = 'degraded')::int as degraded,
              count(*) filter (where status = 'unhealthy')::int as unhealthy,
              percentile_cont(array[0.5, 0.95, 0.99, 1]) within group (order by latency_ms) as latencies
         from monitoring_samples
        where service = any($1) and at >= $2
        group by service`,
      [services, since],
    );
  }

  /** The samples of a part, newest first. */
  async list<T>(
    service: string,
    { since, limit, cursor }: { since: Date; limit: number; cursor?: string | undefined },
    show: (sample: Sample) => T,
  ): Promise<Page<T>> {
    const position = cursor === undefined ? [] : decodeCursor('samples', cursor, ['time', 'id']);
    const rows: Sample[] = await this.dataSource.query(
      `select ${COLUMNS} from monitoring_samples
        where service = $1 and at >= $2 ${cursor === undefined ? '' : 'and (at, id) < ($4, $5)'}
        order by at desc, id desc
        limit $3`,
      [service, since, limit + 1, ...position],
    );
    return toPage('samples', rows, limit, ({ at, id }) => [at.toISOString(), id], show);
  }
}
