import { UsageError } from './command-line.js';
import { CONTENDERS, parseOptions } from './options.js';

describe('the command line of the benchmark', () => {
  it('measures everything by default, and may be published', () => {
    expect(parseOptions([])).toMatchObject({ rounds: 3, seconds: 5, only: CONTENDERS, isPartial: false });
  });

  it.each([['--quick'], ['--rounds', '2'], ['--stored', '990000'], ['--only', 'ours']])(
    'does not publish a part: %s %s',
    (...args) => {
      expect(parseOptions(args.filter((word) => word !== undefined))?.isPartial).toBe(true);
    },
  );

  it('keeps the order of the contenders, whatever the order of the words', () => {
    expect(parseOptions(['--only', 'ours, fastify'])?.only).toEqual(['fastify', 'ours']);
  });

  it.each([
    [['--only', 'express']],
    [['--rounds', '0']],
    [['--seconds', '1.5']],
    [['--stored', '15000']],
    [['--stored', '20010000']],
    [['--fast']],
  ])('refuses %j', (args) => {
    expect(() => parseOptions(args)).toThrow(UsageError);
  });

  it('fills a database with as many messages as it is told, or with fewer to be quick', () => {
    expect(parseOptions([])?.stored).toBe(1_000_000);
    expect(parseOptions(['--quick'])?.stored).toBe(20_000);
    expect(parseOptions(['--stored', '10000000'])).toMatchObject({ stored: 10_000_000, isPartial: false });
  });

  it('knows a request for help', () => {
    expect(parseOptions(['--help'])).toBeUndefined();
  });
});
