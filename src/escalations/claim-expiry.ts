import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import type { ProcessHandle, Run } from '../processes/background-process.js';
import { BackgroundProcesses } from '../processes/background-processes.js';
import { ClaimRepository } from './claim.repository.js';

/** Gives claims that nobody answered in time back to the queue. Any number of processes may do it at once. */
@Injectable()
export class ClaimExpiry {
  private readonly batchSize: number;
  private readonly handle: ProcessHandle;

  constructor(
    private readonly claims: ClaimRepository,
    private readonly clock: Clock,
    processes: BackgroundProcesses,
    @Inject(CONFIG) config: Config,
  ) {
    this.batchSize = config.escalations.batchSize;
    this.handle = processes.register({
      name: 'escalation-claims',
      description: 'Gives claims that nobody answered back to the queue.',
      interval: config.escalations.expiryInterval,
      run: (stopping) => this.run(stopping),
    });
  }

  /** Says that there is a new claim. */
  expect(expiresAt: Date): void {
    this.handle.wake(expiresAt.getTime());
  }

  private async run(stopping: AbortSignal): Promise<Run> {
    let handled = 0;
    let lag = 0;
    for (;;) {
      const now = this.clock.now();
      const expired = await this.claims.expire(new Date(now), this.batchSize);
      handled += expired.length;
      const [earliest] = expired;
      if (earliest) lag = Math.max(lag, now - earliest.getTime());
      if (expired.length === this.batchSize && !stopping.aborted) continue;
      const next = await this.claims.nextExpiry(new Date(now));
      return { handled, lag, nextAt: next?.getTime() };
    }
  }
}
