import { walPosition } from './wal-position.js';

describe('a position in the write-ahead log', () => {
  it('is one number, so that positions can be compared', () => {
    expect(walPosition('0/1000100')).toBe(0x1000100n);
    expect(walPosition('16/B374D848')).toBe(0x16b374d848n);
    expect(walPosition('1/0000A000') > walPosition('0/FFFFFF00')).toBe(true);
  });

  it.each([['0/3000000'], ['0/3000018'], ['0/3000028']])(
    'is the same before and after the header of a page: %s',
    (lsn) => {
      expect(walPosition(lsn)).toBe(0x3000000n);
    },
  );
});
