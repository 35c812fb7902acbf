import type { ReminderPolicy } from './reminder-policy.js';

/** A reminder of a chain. All times are milliseconds since 1970. */
export interface ChainReminder {
  readonly id: string;
  readonly level: number;
  readonly scheduledAt: number;
  /** When it was sent, given up, or cancelled by a person; null: it is pending. */
  readonly doneAt: number | null;
}

/** The policy reminders of a conversation that waits, from the message that its delays count from. */
export interface Chain {
  readonly startedAt: number;
  readonly reminders: readonly ChainReminder[];
}

interface Due {
  readonly level: number;
  readonly at: number;
}

/** What a chain needs to become one of another policy. */
export interface ChainChange {
  readonly moved: readonly { readonly id: string; readonly at: number }[];
  readonly added: readonly Due[];
  /** Ids. */
  readonly cancelled: readonly string[];
  /** Set where nothing is to come any more, so that a human must take over now. */
  readonly escalates: boolean;
  /** The last level that the team was told. */
  readonly lastLevel: number;
}

/**
 * What has to change so that a chain keeps to a policy from now on. What was sent stays sent; what would have been
 * due already is due now, and of several such only the last: the team is told once, not once for each.
 */
export function changeOf({ startedAt, reminders }: Chain, policy: ReminderPolicy, now: number): ChainChange {
  const pending = reminders.filter(({ doneAt }) => doneAt === null).sort(byLevel);
  const done = reminders.filter(({ doneAt }) => doneAt !== null).sort(byLevel);
  const last = done.at(-1);

  const planned = policy
    .dueTimes(startedAt)
    .map((at, index) => ({ level: index + 1, at }))
    .filter(
      ({ level }) => level > (last?.level ?? 0) || pending.some((reminder) => reminder.level === level),
    );
  const wanted = last && planned.length === 0 ? repetitionAfter(last, pending, policy) : planned;

  const overdue = wanted.filter(({ at }) => at <= now).at(-1);
  const due = wanted.filter((item) => item.at > now || item === overdue);
  const placed = due.map((item) => ({
    level: item.level,
    at: Math.max(item.at, now),
    reminder: pending.find(({ level }) => level === item.level),
  }));
  const kept = new Set(placed.map(({ reminder }) => reminder?.id));
  return {
    moved: placed.flatMap(({ reminder, at }) =>
      reminder && !isInPlace(reminder.scheduledAt, at, now) ? [{ id: reminder.id, at }] : [],
    ),
    added: placed.flatMap(({ reminder, level, at }) => (reminder ? [] : [{ level, at }])),
    cancelled: pending.filter(({ id }) => !kept.has(id)).map(({ id }) => id),
    escalates: due.length === 0,
    lastLevel: last?.level ?? 0,
  };
}

/** Once all that was planned is done, one repetition is pending; it keeps the reminder that is there. */
function repetitionAfter(
  last: ChainReminder,
  pending: readonly ChainReminder[],
  policy: ReminderPolicy,
): Due[] {
  // As sending does: from when it was due, so that a policy that stays as it is moves nothing. Not where that is past
  // already, or where a person cancelled it before.
  const doneAt = last.doneAt ?? last.scheduledAt;
  const inTime = doneAt < last.scheduledAt ? undefined : policy.repetition(last.scheduledAt);
  const at = inTime !== undefined && inTime > doneAt ? inTime : policy.repetition(doneAt);
  return at === undefined ? [] : [{ level: pending[0]?.level ?? last.level + 1, at }];
}

/** One that is due already, and shall be due now, stays as late as it is. */
function isInPlace(scheduledAt: number, at: number, now: number): boolean {
  return scheduledAt === at || (scheduledAt <= now && at <= now);
}

function byLevel(a: ChainReminder, b: ChainReminder): number {
  return a.level - b.level;
}
