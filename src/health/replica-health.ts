import { Injectable } from '@nestjs/common';
import { Replicas } from '../database/replicas/replicas.js';
import type { HealthCheck } from './health.schemas.js';
import type { HealthPart } from './health-part.js';

/**
 * Whether lists are read from every replica, as this process last saw them; asks nobody. Without them they are read
 * from the primary, so nothing is worse than degraded.
 */
@Injectable()
export class ReplicaHealth implements HealthPart {
  readonly name = 'replicas';

  constructor(private readonly replicas: Replicas) {}

  check(): HealthCheck {
    const reports = this.replicas.reports();
    if (reports.length === 0)
      return { status: 'not_configured', message: 'there are no replicas of the database' };
    const lagMs = Math.max(...reports.map((report) => report.lagMs ?? 0));
    const facts = { lagMs, replicas: reports.map((report) => ({ ...report })) };
    const complaints = reports.flatMap(({ name, problem }) =>
      problem === null ? [] : `${name}: ${problem}`,
    );
    if (complaints.length === 0) return { status: 'healthy', ...facts };
    return { status: 'degraded', message: complaints.join('; '), ...facts };
  }
}
