import { Injectable } from '@nestjs/common';
import { BackgroundProcesses } from '../processes/background-processes.js';
import { FAULTS, type Fault, type FaultCounts } from '../self-check/faults.js';
import { SelfCheck } from '../self-check/self-check.js';
import type { HealthCheck } from './health.schemas.js';
import type { HealthPart } from './health-part.js';
import { isoOrNull, NOT_A_WORKER } from './process-facts.js';

/** Whether it is watched that no conversation is forgotten, and what was found; asks nobody. */
@Injectable()
export class SelfCheckHealth implements HealthPart {
  readonly name = 'selfCheck';

  constructor(
    private readonly processes: BackgroundProcesses,
    private readonly selfCheck: SelfCheck,
  ) {}

  check(): HealthCheck {
    const { state, lastError, lastRunAt } = this.processes.status('self-check');
    if (state === 'not_here') return NOT_A_WORKER;
    const { lastRun, total } = this.selfCheck;
    const facts = { lastRunAt: isoOrNull(lastRunAt), lastRun, total };
    if (state === 'paused') return { status: 'degraded', message: 'paused', ...facts };
    if (lastError !== undefined) return { status: 'degraded', message: lastError, ...facts };
    const left = unrepaired(lastRun);
    if (left === undefined) return { status: 'healthy', ...facts };
    return { status: 'degraded', message: `not repaired: ${left}`, ...facts };
  }
}

/** The kinds of which not all could be repaired. */
function unrepaired(counts: FaultCounts): string | undefined {
  const kinds = (Object.keys(FAULTS) as Fault[]).filter((fault) => {
    const { found, repaired } = counts[fault];
    return repaired < found;
  });
  return kinds.length > 0 ? kinds.join(', ') : undefined;
}
