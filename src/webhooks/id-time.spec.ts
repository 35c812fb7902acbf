import { v7 } from 'uuid';
import { firstIdOf, timeOfId } from './id-time.js';

const NINE = Date.parse('2026-11-21T09:00:00.000Z');

describe('the time in an id', () => {
  it('is that of its making', () => {
    expect(timeOfId(v7({ msecs: NINE }))).toBe(NINE);
    expect(timeOfId(firstIdOf(NINE))).toBe(NINE);
  });

  it.each([NINE, 1, 0xffff_ffff_ffff])('parts what was made before %d from what was made then', (at) => {
    const ones = { random: new Uint8Array(16).fill(255), seq: 0xffff_ffff };
    const zeros = { random: new Uint8Array(16), seq: 0 };
    expect(v7({ msecs: at - 1, ...ones }) < firstIdOf(at)).toBe(true);
    expect(v7({ msecs: at, ...zeros }) > firstIdOf(at)).toBe(true);
  });

  it('begins with 1970', () => {
    expect(firstIdOf(-NINE)).toBe('00000000-0000-0000-0000-000000000000');
  });
});
