import type { AcceptedMessage } from './answers.js';
import { RunTally } from './run-tally.js';
import { type RunReport, renderSummary } from './summary.js';

const PLAIN = { width: 90, colour: false };
const NOW = new Date('2026-11-21T09:00:00Z');

function answer(id: string, more: Partial<AcceptedMessage> = {}): AcceptedMessage {
  const priority = 'normal' as const;
  return { id, conversationId: `conversation of ${id}`, priority, reminders: [], ...more };
}

function written(row: number, text: string) {
  return { row, clientId: 'c', text, language: null, keyed: true };
}

function report(tally: RunTally, more: Partial<RunReport> = {}): RunReport {
  return {
    source: '4 messages by 2 clients',
    connections: 8,
    push: { tally, seconds: 2, notSent: 0 },
    readBack: { found: tally.decided.size, pages: 1, seconds: 0.02, problem: null },
    now: NOW,
    ...more,
  };
}

function busyTally(): RunTally {
  const tally = new RunTally();
  const reminders = [
    { id: 'r1', scheduledAt: '2026-11-21T09:04:52Z' },
    { id: 'r2', scheduledAt: '2026-11-21T10:00:00Z' },
  ];
  const stolen = answer('a', {
    priority: 'urgent',
    category: 'fraud',
    triage: { confidence: 0.934 },
    isFirstMessage: true,
    reminders,
  });
  const thanks = answer('b', { priority: 'low', category: null, conversationId: stolen.conversationId });
  const late = answer('c', { category: 'delivery', isFirstMessage: true });
  const record = tally.record.bind(tally);
  record(written(2, 'My card\nwas stolen'), {
    outcome: { kind: 'accepted', message: stolen, latencyMs: 10 },
    retries: 0,
  });
  record(written(2, 'My card\nwas stolen'), {
    outcome: { kind: 'replayed', message: stolen, reason: 'idempotency_key', latencyMs: 20 },
    retries: 0,
  });
  record(written(3, 'thanks'), { outcome: { kind: 'accepted', message: thanks, latencyMs: 30 }, retries: 0 });
  record(written(4, 'late'), { outcome: { kind: 'accepted', message: late, latencyMs: 40 }, retries: 2 });
  return tally;
}

describe('renderSummary', () => {
  it('shows a run', () => {
    expect(renderSummary(report(busyTally()), PLAIN)).toBe(
      [
        '',
        'Run  4 messages by 2 clients',
        '  sent                 4   in 2.0 s, 2 a second, 8 at once, 2 retries',
        '  accepted             3   201, each a message of its own',
        '  replays              1   idempotency_key 1',
        '  refused              0',
        '  latency          p50 20 ms   p90 40 ms   p99 40 ms   max 40 ms',
        '',
        'Priorities',
        '  urgent               1  33.3 %  █████████▍',
        '  high                 0   0.0 %',
        '  normal               1  33.3 %  █████████▍',
        '  low                  1  33.3 %  █████████▍',
        '',
        'Top categories',
        '  fraud                1  33.3 %  █████████▍',
        '  unknown              1  33.3 %  █████████▍',
        '  delivery             1  33.3 %  █████████▍',
        '',
        'What follows from them',
        '  conversations        2',
        '  first messages       2',
        '  reminders            2   the next one is due in 4 min 52 s',
        '',
        'Urgent, for example',
        '  0.93  My card was stolen',
        '',
        '✔ 3 accepted, 3 found again when read back   1 page, 20 ms',
      ].join('\n'),
    );
  });

  it('never calls a lost message found', () => {
    const readBack = { found: 2, pages: 3, seconds: 1.5, problem: 'no answer: reset' };
    const text = renderSummary(report(busyTally(), { readBack }), PLAIN);
    expect(text).toContain(
      '✘ 3 accepted, 2 found again when read back   3 pages, 1.5 s, then no answer: reset',
    );
  });

  it('shows the first refusal with its row, and what was not sent', () => {
    const tally = new RunTally();
    const refused = (detail: string) => ({
      outcome: { kind: 'refused' as const, status: 400, detail },
      retries: 0,
    });
    tally.record(written(9, ''), refused('later'));
    tally.record(written(5, ''), refused('validation_failed: too\nlong'));
    const push = { tally, seconds: 1, notSent: 7 };
    const text = renderSummary(report(tally, { push, readBack: null }), PLAIN);
    expect(text).toContain('  refused              2   first in row 5: validation_failed: too long');
    expect(text).toContain('  not sent             7');
    expect(text).toContain('Nothing was accepted, so nothing was read back.');
    expect(text).not.toContain('Priorities');
  });

  it('counts a message of which only a replay told', () => {
    const tally = new RunTally();
    const message = answer('a');
    tally.record(written(2, 'hi'), {
      outcome: { kind: 'replayed', message, reason: 'idempotency_key', latencyMs: 5 },
      retries: 1,
    });
    const text = renderSummary(report(tally), PLAIN);
    expect(text).toContain('1   of the replays told of a message first');
    expect(text).toContain('✔ 1 accepted, 1 found again');
  });

  it('keeps samples within the width', () => {
    const tally = new RunTally();
    tally.record(written(2, 'help '.repeat(50)), {
      outcome: { kind: 'accepted', message: answer('a', { priority: 'urgent' }), latencyMs: 5 },
      retries: 0,
    });
    const lines = renderSummary(report(tally), { width: 50, colour: false }).split('\n');
    expect(lines.find((line) => line.includes('help'))).toHaveLength(50);
  });

  it('is coloured where colours are wanted', () => {
    expect(renderSummary(report(busyTally()), { width: 90, colour: true })).toContain(
      '\u001b[32m✔ 3 accepted',
    );
  });
});
