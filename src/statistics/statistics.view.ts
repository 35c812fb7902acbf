import { summaryOf } from './durations.js';
import type { Amount, Standing } from './statistics.repository.js';
import type { StatisticsView } from './statistics.schemas.js';

/** Most labels that are told apart: somebody may make up a channel for each message. */
const LABELS = 50;

/** What was counted, in the form that is answered. */
export function statisticsView(
  since: Date,
  until: Date,
  amounts: readonly Amount[],
  standing: Standing,
): StatisticsView {
  const of = (measure: string) => amounts.filter((row) => row.measure === measure);
  const total = (measure: string) => of(measure).reduce((sum, { amount }) => sum + amount, 0);
  const only = (measure: string, label: string) =>
    of(measure).find((row) => row.label === label)?.amount ?? 0;
  const by = (measure: string) => tellApart(of(measure));
  const duration = (measure: string) =>
    summaryOf(new Map(of(measure).map(({ label, amount }) => [Number(label), amount])));
  const decided = total('messages.category');
  const unknown = only('messages.category', 'unknown');
  return {
    since: since.toISOString(),
    until: until.toISOString(),
    countedUntil: standing.countedUntil?.toISOString() ?? null,
    messages: {
      inbound: only('messages.direction', 'inbound'),
      outbound: only('messages.direction', 'outbound'),
      byChannel: by('messages.channel'),
      byPriority: by('messages.priority'),
      byCategory: by('messages.category'),
      byAuthor: by('messages.author'),
    },
    conversations: {
      opened: total('conversations.opened'),
      closed: total('conversations.closed'),
      closedByReason: by('conversations.closed'),
      openNow: standing.open,
      waitingNow: standing.waiting,
      firstResponse: duration('conversations.first_response'),
      resolution: duration('conversations.resolution'),
    },
    reminders: {
      sent: total('reminders.sent'),
      cancelled: total('reminders.cancelled'),
      cancelledByReason: by('reminders.cancelled'),
      failed: total('reminders.failed'),
    },
    escalations: {
      opened: total('escalations.opened'),
      openedByReason: by('escalations.opened'),
      claimed: total('escalations.claimed'),
      released: total('escalations.released'),
      resolved: total('escalations.resolved'),
      openNow: standing.escalated,
      timeToClaim: duration('escalations.time_to_claim'),
    },
    webhooks: {
      delivered: only('webhooks.deliveries', 'delivered'),
      failed: only('webhooks.deliveries', 'failed'),
      dead: only('webhooks.deliveries', 'dead'),
    },
    triage: {
      decided,
      unknown,
      unknownShare: decided === 0 ? null : Math.round((unknown / decided) * 10_000) / 10_000,
      corrected: total('triage.corrected'),
    },
  };
}

/** @param amounts the most frequent first */
function tellApart(amounts: readonly Amount[]): Record<string, number> {
  const told: Record<string, number> = Object.create(null);
  for (const [index, { label, amount }] of amounts.entries()) {
    const name = index < LABELS ? label : 'other';
    told[name] = (told[name] ?? 0) + amount;
  }
  return { ...told };
}
