import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { isSystemFault } from '../database/database-errors.js';
import { ClaimRepository } from '../escalations/claim.repository.js';
import { LOG, type Log } from '../logging/log.js';
import { requestContext } from '../logging/request-context.js';
import type { Run } from '../processes/background-process.js';
import { BackgroundProcesses } from '../processes/background-processes.js';
import { ClosedConversations } from './closed-conversations.js';
import { FaultRepository, type WalkPosition, type WalkStep } from './fault.repository.js';
import { FAULTS, type Fault, type FaultCounts, noFaults } from './faults.js';
import { WaitingConversations } from './waiting-conversations.js';

/** How much longer a lease may be than the longest that a worker asks for: clocks differ. In milliseconds. */
const LEASE_GRACE = 60_000;

type Counts = ReturnType<typeof noFaults>;

interface Check {
  readonly fault: Fault;
  find(after: WalkPosition | undefined): Promise<WalkStep>;
  /** @returns whether there still was something to repair */
  repair(id: string): Promise<boolean>;
}

/**
 * Watches the promise: looks for what must not be, and puts it right. In an installation without faults it finds
 * nothing, ever; each thing it finds is logged.
 */
@Injectable()
export class SelfCheck {
  private readonly settings: Config['selfCheck'];
  private readonly longestLease: number;
  private readonly checks: readonly Check[];
  /** Where the walk of each check goes on with the next run. */
  private readonly positions = new Map<Fault, WalkPosition | undefined>();
  private last = noFaults();
  private readonly sum = noFaults();

  constructor(
    private readonly faults: FaultRepository,
    private readonly waiting: WaitingConversations,
    private readonly closed: ClosedConversations,
    private readonly claims: ClaimRepository,
    private readonly clock: Clock,
    processes: BackgroundProcesses,
    @Inject(CONFIG) { selfCheck, reminders }: Config,
    @Inject(LOG) private readonly log: Log,
  ) {
    this.settings = selfCheck;
    this.longestLease = Math.max(reminders.lease, reminders.retryMaxDelay) + LEASE_GRACE;
    this.checks = this.allChecks();
    processes.register({
      name: 'self-check',
      description: 'Looks for conversations that would be forgotten, and repairs them.',
      interval: selfCheck.interval,
      run: (stopping) => this.run(stopping),
    });
  }

  /** What the last run found, and what it could repair. */
  get lastRun(): FaultCounts {
    return this.last;
  }

  /** What was found since the start of this process. */
  get total(): FaultCounts {
    return this.sum;
  }

  private allChecks(): readonly Check[] {
    const { batchSize } = this.settings;
    const now = () => new Date(this.clock.now());
    const leaseLimit = () => new Date(this.clock.now() + this.longestLease);
    return [
      {
        fault: 'forgotten_conversation',
        find: (after) => this.faults.forgottenConversations(after, batchSize),
        repair: (id) => this.waiting.remember(id),
      },
      {
        fault: 'stuck_lease',
        find: (after) => this.faults.stuckLeases(now(), leaseLimit(), after, batchSize),
        repair: (id) => this.waiting.freeLease(id, now(), leaseLimit()),
      },
      {
        fault: 'abandoned_claim',
        find: (after) => this.faults.abandonedClaims(after, batchSize),
        repair: (id) => this.claims.giveBackAbandoned(id, now()),
      },
      {
        fault: 'reminder_of_closed',
        find: (after) => this.faults.remindersOfClosed(after, batchSize),
        repair: (id) => this.closed.finishClosing(id),
      },
      {
        fault: 'escalation_of_closed',
        find: (after) => this.faults.escalatedAndClosed(after, batchSize),
        repair: (id) => this.closed.finishClosing(id),
      },
    ];
  }

  private async run(stopping: AbortSignal): Promise<Run> {
    const found = noFaults();
    this.last = found;
    const traceId = randomUUID().replaceAll('-', '');
    await requestContext.run({ traceId, requestId: traceId }, async () => {
      for (const check of this.checks) await this.walk(check, found, stopping);
    });
    const counts = Object.values(found);
    return {
      handled: counts.reduce((sum, { repaired }) => sum + repaired, 0),
      failed: counts.reduce((sum, { found: all, repaired }) => sum + all - repaired, 0),
    };
  }

  private async walk(check: Check, found: Counts, stopping: AbortSignal): Promise<void> {
    for (let step = 0; step < this.settings.batchesPerRun; step++) {
      const { faults, next } = await check.find(this.positions.get(check.fault));
      for (const id of new Set(faults)) {
        if (stopping.aborted) return;
        await this.repair(check, id, found);
      }
      this.positions.set(check.fault, next);
      if (next === undefined || stopping.aborted) return;
    }
  }

  private async repair({ fault, repair }: Check, id: string, found: Counts): Promise<void> {
    try {
      // Somebody else was there first, or it was never wrong: what was found is a little old.
      if (!(await repair(id))) return;
      this.log.warn({ fault, id }, `${FAULTS[fault]} The self-check put it right.`);
      found[fault].repaired++;
      this.sum[fault].repaired++;
    } catch (error) {
      // Then nothing can be repaired, and the run has failed as a whole.
      if (isSystemFault(error)) throw error;
      this.log.error({ err: error, fault, id }, `${FAULTS[fault]} The self-check could not repair it.`);
    }
    found[fault].found++;
    this.sum[fault].found++;
  }
}
