import { UsageError } from '../command-line.js';
import { CONTENDERS, parseOptions } from './options.js';

describe('the command line of the benchmark of webhooks', () => {
  it('measures everything by default, and may be published', () => {
    expect(parseOptions([])).toEqual({
      rounds: 3,
      seconds: 10,
      deliveries: 20_000,
      only: CONTENDERS,
      isPartial: false,
    });
  });

  it.each([
    [['--quick']],
    [['--rounds', '2']],
    [['--seconds', '4']],
    [['--deliveries', '19999']],
    [['--only', 'bare,ours']],
  ])('does not publish a part: %j', (args) => {
    expect(parseOptions(args)?.isPartial).toBe(true);
  });

  it('may be published with more than it needs', () => {
    const more = parseOptions(['--rounds', '5', '--seconds', '30', '--deliveries', '50000']);
    expect(more?.isPartial).toBe(false);
  });

  it('keeps the order of the contenders, whatever the order of the words', () => {
    expect(parseOptions(['--only', 'ours, bare'])?.only).toEqual(['bare', 'ours']);
  });

  it('is quick with fewer of everything, unless it is told how many', () => {
    expect(parseOptions(['--quick'])).toMatchObject({ rounds: 1, seconds: 2, deliveries: 2000 });
    expect(parseOptions(['--quick', '--deliveries', '1000'])?.deliveries).toBe(1000);
  });

  it.each([
    [['--only', 'svix']],
    [['--only', '']],
    [['--rounds', '0']],
    [['--seconds', '1.5']],
    [['--deliveries', '999']],
    [['--deliveries', '1000001']],
    [['--pending', '10000']],
  ])('refuses %j', (args) => {
    expect(() => parseOptions(args)).toThrow(UsageError);
  });

  it('knows a request for help', () => {
    expect(parseOptions(['--help'])).toBeUndefined();
  });
});
