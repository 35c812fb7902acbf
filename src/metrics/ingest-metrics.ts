import { Injectable } from '@nestjs/common';
import { PRIORITIES } from '../conversations/priority.js';
import { IngestQueue } from '../messages/ingest-queue.js';
import { TRIAGE_SOURCES } from '../messages/message.schemas.js';
import { type Happenings, Observations } from '../observations/observations.js';
import { Metrics } from './metrics.js';

const OUTCOMES = ['accepted', 'same_content', 'idempotency_key', 'key_reused', 'failed', 'refused'] as const;
type Outcome = (typeof OUTCOMES)[number];

/** Messages on their way in. Counted in plain numbers: each message comes along here. */
@Injectable()
export class IngestMetrics {
  private readonly outcomes = new Map<string, number>(OUTCOMES.map((outcome) => [outcome, 0]));
  private readonly verdicts = new Map<string, Map<string, number>>(
    TRIAGE_SOURCES.map((source) => [
      source,
      new Map<string, number>(PRIORITIES.map((priority) => [priority, 0])),
    ]),
  );
  private readonly batchSizes;

  constructor(metrics: Metrics, observations: Observations, queue: IngestQueue) {
    metrics.counted(
      'ingest_messages_total',
      'Messages by what became of them: accepted, one of the two kinds of duplicate (same_content, idempotency_key), key_reused for another body under the same key, failed, or refused because too many wait.',
      ['outcome'],
      () => [...this.outcomes].map(([outcome, count]) => [{ outcome }, count]),
    );
    metrics.counted(
      'triage_verdicts_total',
      'Accepted messages by who decided how urgent they are, and what was decided.',
      ['source', 'priority'],
      () =>
        [...this.verdicts].flatMap(([source, counts]) =>
          [...counts].map(([priority, count]) => [{ source, priority }, count] as const),
        ),
    );
    this.batchSizes = metrics.histogram(
      'ingest_batch_messages',
      'Messages that went into one transaction.',
      [1, 2, 4, 8, 12, 16, 32, 64, 128, 256, 512],
    );
    metrics.gauge('ingest_queue_messages', 'Messages that wait for a transaction.', [], () => [
      [{}, queue.length],
    ]);
    observations.on('ingested', (batch) => this.onBatch(batch));
    observations.on('ingestRefused', () => this.count('refused'));
  }

  private onBatch({ messages, outcomes }: Happenings['ingested']): void {
    this.batchSizes.observe(messages.length);
    for (const { id, priority, triage } of messages) {
      const outcome = (outcomes.get(id)?.outcome ?? 'failed') as Outcome;
      this.count(outcome);
      if (outcome !== 'accepted') continue;
      const verdicts = this.verdicts.get(triage.source);
      const count = verdicts?.get(priority);
      if (count !== undefined) verdicts?.set(priority, count + 1);
    }
  }

  private count(outcome: Outcome): void {
    const count = this.outcomes.get(outcome);
    if (count !== undefined) this.outcomes.set(outcome, count + 1);
  }
}
