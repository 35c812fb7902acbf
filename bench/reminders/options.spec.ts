import { UsageError } from '../command-line.js';
import { CONTENDERS, parseOptions } from './options.js';

describe('the command line of the benchmark of reminders', () => {
  it('measures everything by default, and may be published', () => {
    expect(parseOptions([])).toEqual({
      rounds: 3,
      seconds: 10,
      only: CONTENDERS,
      pending: 1_000_000,
      due: 20_000,
      atOnce: 10_000,
      isPartial: false,
    });
  });

  it.each([
    [['--quick']],
    [['--rounds', '2']],
    [['--seconds', '4']],
    [['--pending', '999999']],
    [['--only', 'ours,pgbench']],
  ])('does not publish a part: %j', (args) => {
    expect(parseOptions(args)?.isPartial).toBe(true);
  });

  it('may be published with more than it needs', () => {
    expect(parseOptions(['--rounds', '5', '--seconds', '30', '--pending', '2000000'])?.isPartial).toBe(false);
  });

  it('keeps the order of the contenders, whatever the order of the words', () => {
    expect(parseOptions(['--only', 'bare, ours,pgbench'])?.only).toEqual(['pgbench', 'ours', 'bare']);
  });

  it('is quick with fewer of everything, unless it is told how many', () => {
    expect(parseOptions(['--quick'])).toMatchObject({ rounds: 1, seconds: 2, due: 2000, atOnce: 1000 });
    expect(parseOptions(['--quick'])?.pending).toBe(20_000);
    expect(parseOptions(['--quick', '--pending', '1000'])?.pending).toBe(1000);
  });

  it.each([
    [['--only', 'bullmq']],
    [['--only', '']],
    [['--rounds', '0']],
    [['--seconds', '1.5']],
    [['--pending', '10000001']],
    [['--stored', '10000']],
  ])('refuses %j', (args) => {
    expect(() => parseOptions(args)).toThrow(UsageError);
  });

  it('knows a request for help', () => {
    expect(parseOptions(['--help'])).toBeUndefined();
  });
});
