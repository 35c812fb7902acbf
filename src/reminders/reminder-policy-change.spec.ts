import fc from 'fast-check';
import { formatDuration } from '../config/duration.js';
import { ReminderPolicy } from './reminder-policy.js';
import { type Chain, type ChainReminder, changeOf } from './reminder-policy-change.js';

const HOUR = 60 * 60_000;

function policyOf(hours: readonly number[], repeatEvery: number | null): ReminderPolicy {
  return new ReminderPolicy({
    priority: 'normal',
    delays: hours.map((delay) => formatDuration(delay * HOUR)),
    repeatEvery: repeatEvery === null ? null : formatDuration(repeatEvery * HOUR),
    escalateAtLevel: null,
    businessHours: null,
  });
}

/** A reminder as `level, due after hours, done after hours`. */
function reminder(level: number, scheduled: number, done: number | null = null): ChainReminder {
  return {
    id: `of level ${level}`,
    level,
    scheduledAt: scheduled * HOUR,
    doneAt: done === null ? null : done * HOUR,
  };
}

/** What a policy changes about a chain that began at 0; times in hours. */
function change(reminders: readonly ChainReminder[], policy: ReminderPolicy, now: number) {
  const { moved, added, cancelled, escalates } = changeOf({ startedAt: 0, reminders }, policy, now * HOUR);
  return {
    moved: moved.map(({ id, at }) => [id, at / HOUR]),
    added: added.map(({ level, at }) => [level, at / HOUR]),
    cancelled,
    escalates,
  };
}

const NOTHING = { moved: [], added: [], cancelled: [], escalates: false };

describe('what a changed policy means for a chain', () => {
  it('nothing, where it is the same', () => {
    expect(change([reminder(1, 1, 1), reminder(2, 2), reminder(3, 5)], policyOf([1, 2, 5], 4), 1.5)).toEqual(
      NOTHING,
    );
    expect(change([reminder(1, 1, 1), reminder(2, 5)], policyOf([1], 4), 1.5)).toEqual(NOTHING);
  });

  it('other times, more or fewer reminders', () => {
    const chain = [reminder(1, 1), reminder(2, 2), reminder(3, 3)];
    expect(change(chain, policyOf([1, 4], 4), 0)).toEqual({
      ...NOTHING,
      moved: [['of level 2', 4]],
      cancelled: ['of level 3'],
    });
    expect(change(chain, policyOf([1, 2, 3, 4], 4), 0)).toEqual({ ...NOTHING, added: [[4, 4]] });
  });

  it('that a repetition becomes one of the planned ones, where there are more now', () => {
    const chain = [reminder(1, 1, 1), reminder(2, 9)];
    expect(change(chain, policyOf([1, 3, 5], 4), 2)).toEqual({
      ...NOTHING,
      moved: [['of level 2', 3]],
      added: [[3, 5]],
    });
  });

  it('that a planned one becomes the repetition, where there are fewer now', () => {
    const chain = [reminder(1, 1, 1.25), reminder(2, 2), reminder(3, 3)];
    expect(change(chain, policyOf([1], 8), 1.5)).toEqual({
      ...NOTHING,
      moved: [['of level 2', 9]],
      cancelled: ['of level 3'],
    });
  });

  it('that an overdue one stays as late as it is', () => {
    expect(change([reminder(1, 1)], policyOf([2], 4), 3)).toEqual(NOTHING);
    expect(change([reminder(1, 4)], policyOf([2], 4), 3)).toEqual({ ...NOTHING, moved: [['of level 1', 3]] });
  });

  it('that one which a person cancelled does not come back, but what comes after it', () => {
    const chain = [reminder(1, 1, 1), reminder(2, 2, 1.5), reminder(3, 5.5)];
    expect(change(chain, policyOf([1, 2], 4), 1.75)).toEqual(NOTHING);
    const before = [reminder(1, 1), reminder(2, 2, 0.5)];
    expect(change(before, policyOf([1, 2], 4), 0.75)).toEqual(NOTHING);
  });

  it('that a chain which lost all its reminders gets them back', () => {
    expect(change([], policyOf([1, 2], null), 1.5)).toEqual({
      ...NOTHING,
      added: [
        [1, 1.5],
        [2, 2],
      ],
    });
  });

  it('that it is escalated, where nothing is to come any more', () => {
    const chain = [reminder(1, 1, 1), reminder(2, 5)];
    expect(change(chain, policyOf([1], null), 2)).toEqual({
      ...NOTHING,
      cancelled: ['of level 2'],
      escalates: true,
    });
  });
});

describe('whatever the chain and the policies are', () => {
  const chains: fc.Arbitrary<Chain> = fc
    .uniqueArray(
      fc.record({
        level: fc.integer({ min: 1, max: 6 }),
        scheduledAt: fc.nat(100).map((hours) => hours * HOUR),
        doneAt: fc.option(fc.nat(100).map((hours) => hours * HOUR)),
      }),
      { maxLength: 6, selector: ({ level }) => level },
    )
    .map((reminders) => ({
      startedAt: 0,
      reminders: reminders.map((of) => ({ ...of, id: `of level ${of.level}` })),
    }));
  const policies = fc
    .record({
      hours: fc.uniqueArray(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 5 }),
      repeatEvery: fc.option(fc.integer({ min: 1, max: 50 })),
    })
    .map(({ hours, repeatEvery }) =>
      policyOf(
        hours.toSorted((a, b) => a - b),
        repeatEvery,
      ),
    );

  function changed(
    { startedAt, reminders }: Chain,
    { moved, added, cancelled }: ReturnType<typeof changeOf>,
  ): Chain {
    const times = new Map(moved.map(({ id, at }) => [id, at]));
    return {
      startedAt,
      reminders: [
        ...reminders
          .filter(({ id }) => !cancelled.includes(id))
          .map((of) => ({ ...of, scheduledAt: times.get(of.id) ?? of.scheduledAt })),
        ...added.map(({ level, at }) => ({ id: `new ${level}`, level, scheduledAt: at, doneAt: null })),
      ],
    };
  }

  it('something is to come, or it is escalated; and at most one reminder is due already', () => {
    fc.assert(
      fc.property(chains, policies, fc.nat(100), (chain, policy, hours) => {
        const now = hours * HOUR;
        const change = changeOf(chain, policy, now);
        const pending = changed(chain, change).reminders.filter(({ doneAt }) => doneAt === null);
        expect(change.escalates).toBe(pending.length === 0);
        expect(pending.filter(({ scheduledAt }) => scheduledAt <= now).length).toBeLessThanOrEqual(1);
        expect(new Set(pending.map(({ level }) => level)).size).toBe(pending.length);
      }),
    );
  });

  it('a second time changes nothing', () => {
    fc.assert(
      fc.property(chains, policies, fc.nat(100), fc.nat(10), (chain, policy, hours, later) => {
        const once = changed(chain, changeOf(chain, policy, hours * HOUR));
        const again = changeOf(once, policy, hours * HOUR + later);
        expect({ ...again, escalates: false, lastLevel: 0 }).toEqual({ ...NOTHING, lastLevel: 0 });
      }),
    );
  });
});
