import { Injectable } from '@nestjs/common';
import { EVENT_TYPES } from '../events/event-catalogue.js';
import { Observations } from '../observations/observations.js';
import { DELIVERY_OUTCOMES } from '../webhooks/delivery.entity.js';
import { ERROR_CLASSES } from '../webhooks/sending/attempt-result.js';
import { Metrics, oneOf } from './metrics.js';

const typeLabel = oneOf(EVENT_TYPES);
const outcomeLabel = oneOf(DELIVERY_OUTCOMES);
const RESULTS = ['delivered', ...ERROR_CLASSES];
const resultLabel = oneOf(RESULTS);

/** Events and their way to the endpoints, as far as this process moved them. */
@Injectable()
export class EventMetrics {
  constructor(metrics: Metrics, observations: Observations) {
    const events = metrics.counter(
      'events_total',
      'Events that were committed, counted once each by the worker whose fan-out passed them on.',
      ['type'],
    );
    const made = metrics.counter(
      'webhook_deliveries_created_total',
      'Deliveries that the fan-out made of events.',
    );
    const ended = metrics.counter(
      'webhook_deliveries_total',
      'Deliveries that came to their end: delivered, failed for good, or dead because the schedule was used up.',
      ['outcome'],
    );
    const attempts = metrics.counter(
      'webhook_attempts_total',
      'Attempts to deliver by what came of them: delivered, or why not.',
      ['result'],
    );
    const durations = metrics.histogram(
      'webhook_attempt_duration_seconds',
      'How long attempts took, from the look-up of the name to the end of the answer.',
      [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    );
    // What never happened is 0: a series that begins with 1 has not grown, and no alert sees it.
    for (const type of EVENT_TYPES) events.inc({ type }, 0);
    for (const outcome of DELIVERY_OUTCOMES) ended.inc({ outcome }, 0);
    for (const result of RESULTS) attempts.inc({ result }, 0);
    observations.on('eventsPassed', ({ types, deliveries }) => {
      for (const [type, count] of Object.entries(types)) events.inc({ type: typeLabel(type) }, count);
      made.inc(deliveries);
    });
    observations.on('attempted', (batch) => {
      for (const { outcome, result } of batch) {
        attempts.inc({ result: resultLabel(result.errorClass ?? 'delivered') });
        durations.observe(result.duration / 1000);
        if (outcome !== null) ended.inc({ outcome: outcomeLabel(outcome) });
      }
    });
  }
}
