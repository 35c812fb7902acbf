import { DemoProblem } from './demo-problem.js';
import { parseOptions } from './options.js';

describe('parseOptions', () => {
  it('needs none', () => {
    expect(parseOptions([])).toEqual({
      file: null,
      textColumn: null,
      clientColumn: null,
      target: null,
      connections: 32,
      limit: null,
      keep: false,
    });
  });

  it('reads all of them', () => {
    const args =
      '--file a.csv --text body --client who --url http://127.0.0.1:3000/ --key k --connections 256';
    expect(parseOptions([...args.split(' '), '--limit=7'])).toEqual({
      file: 'a.csv',
      textColumn: 'body',
      clientColumn: 'who',
      target: { url: 'http://127.0.0.1:3000', key: 'k' },
      connections: 256,
      limit: 7,
      keep: false,
    });
  });

  it.each(['--help', '-h'])('%s asks for help, whatever else is there', (flag) => {
    expect(parseOptions([flag, '--connections', 'many'])).toBeNull();
  });

  it.each([
    [['--conections', '3'], "Unknown option '--conections'. See npm run demo -- --help"],
    [['--connections', '0'], '--connections takes a whole number from 1 to 256, not "0".'],
    [['--connections', '257'], '--connections takes a whole number from 1 to 256, not "257".'],
    [['--limit', '1.5'], '--limit takes a whole number of at least 1, not "1.5".'],
    [['--key', 'k'], '--key goes with --url: which Otklik is it for?'],
    [['--url', 'http://a'], '--url needs --key, an API key of that Otklik.'],
    [['--url', 'a:b', '--key', 'k'], '--url takes an address such as http://127.0.0.1:3000, not "a:b".'],
    [
      ['--url', 'http://a', '--key', 'a\nb'],
      '--key holds characters that no API key has (blanks, line ends, non-ASCII).',
    ],
    [
      ['--url', 'http://a', '--key', 'k', '--keep'],
      '--keep is for the Otklik that the demo starts itself; the one at --url stays anyway.',
    ],
  ])('refuses %p in plain words', (args, message) => {
    expect(() => parseOptions(args)).toThrow(new DemoProblem(message));
  });
});
