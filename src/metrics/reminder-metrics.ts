import { Injectable } from '@nestjs/common';
import { Observations, REMINDER_OUTCOMES } from '../observations/observations.js';
import { FAULTS, type Fault, type FaultCounts } from '../self-check/faults.js';
import { SelfCheck } from '../self-check/self-check.js';
import { Metrics } from './metrics.js';

/** Whether the promise is kept: reminders that are sent in time, and what the self-check had to repair. */
@Injectable()
export class ReminderMetrics {
  constructor(metrics: Metrics, observations: Observations, selfCheck: SelfCheck) {
    const dealtWith = metrics.counter(
      'reminders_total',
      'Due reminders by what became of them: sent, cancelled because nobody waited any more, failed for good, or retried later.',
      ['outcome'],
    );
    const lateness = metrics.histogram(
      'reminder_lateness_seconds',
      'How long after its time a worker began with a reminder.',
      [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 3600],
    );
    for (const outcome of REMINDER_OUTCOMES) dealtWith.inc({ outcome }, 0);
    observations.on('remindersDealtWith', ({ outcome, count }) => dealtWith.inc({ outcome }, count));
    observations.on('reminderBegun', (reminder) => lateness.observe(Math.max(0, reminder.lateness) / 1000));
    metrics.counted(
      'self_check_faults_total',
      'What must not be and was found all the same.',
      ['fault'],
      () => byFault(selfCheck.total, 'found'),
    );
    metrics.counted('self_check_repairs_total', 'What of it the self-check put right.', ['fault'], () =>
      byFault(selfCheck.total, 'repaired'),
    );
  }
}

function byFault(counts: FaultCounts, what: 'found' | 'repaired'): [{ fault: string }, number][] {
  return (Object.keys(FAULTS) as Fault[]).map((fault) => [{ fault }, counts[fault][what]]);
}
