import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import type { Outage } from './alerts/alert.js';
import { AlertNotices } from './alerts/alert-notices.js';
import { Alerts } from './alerts/alerts.js';
import { SampleRepository, type SeenState } from './sample.repository.js';
import type { Sample } from './sampler.js';

/** Most samples that wait for a database that is away; then the oldest are forgotten. */
const MOST_WAITING = 5_000;

/** Writes down what the monitor saw, and what follows from it; while the database is away, it remembers and tells. */
@Injectable()
export class MonitorJournal {
  private waiting: Sample[] = [];
  private outage: Outage | undefined;

  constructor(
    private readonly table: SampleRepository,
    private readonly alerts: Alerts,
    private readonly notices: AlertNotices,
    private readonly clock: Clock,
  ) {}

  /** Whether there is an outage that was not written down. */
  get hasOutage(): boolean {
    return this.outage !== undefined;
  }

  note(samples: readonly Sample[]): void {
    this.waiting = [...this.waiting, ...samples].slice(-MOST_WAITING);
  }

  /** @param patience how long a process may be silent before it is not believed, in milliseconds */
  async write(states: readonly SeenState[], patience: number): Promise<void> {
    const at = new Date(this.clock.now());
    const { waiting } = this;
    await this.table.write(waiting, states, at);
    this.waiting = this.waiting.filter((sample) => !waiting.includes(sample));
    if (this.outage) {
      await this.alerts.recordOutage(this.outage);
      this.outage = undefined;
    }
    await this.alerts.review(new Date(at.getTime() - patience));
  }

  /** Nothing can be written: whoever is not told by now is told by this process alone. */
  async tellOutage({ message, at }: Sample): Promise<void> {
    const { since, told, message: first } = this.outage ?? { since: at, told: [], message: message ?? '' };
    this.outage = { since, told, message: first };
    const notice = {
      action: 'raise',
      service: 'database',
      severity: 'unhealthy',
      message: first,
      raisedAt: since.toISOString(),
      at: since.toISOString(),
    } as const;
    const more = await this.notices.tellAtOnce(notice, told);
    this.outage = { since, message: first, told: [...told, ...more] };
  }
}
