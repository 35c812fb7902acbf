import { PartState, type State } from './part-state.js';

const PATIENCE = { samplesToWorsen: 2, samplesToRecover: 3 };

/** What a part counts as after each of these samples; h, d, u. */
function after(samples: string): string {
  const part = new PartState();
  const states: Record<string, State> = { h: 'healthy', d: 'degraded', u: 'unhealthy' };
  return [...samples]
    .map((letter) => {
      part.add(states[letter] as State, PATIENCE);
      return part.state?.[0] ?? '?';
    })
    .join('');
}

describe('the state of a part (V1)', () => {
  it.each([
    ['is unknown before it was seen often enough', 'hhh', '??h'],
    ['is known sooner where it is bad', 'uu', '?u'],
    ['is not changed by one sample', 'hhhuhhuhhu', '??hhhhhhhh'],
    ['gets worse after two in a row', 'hhhuu', '??hhu'],
    ['gets no worse than the best of them', 'hhhud', '??hhd'],
    ['gets better after three in a row', 'uuhhh', '?uuuh'],
    ['gets no better than the worst of them', 'uuhdh', '?uuud'],
    ['starts anew after a sample that was as before', 'uuhhuhhh', '?uuuuuuh'],
    ['goes from bad to worse, and back step by step', 'dduudddhhh', '?dduuudddh'],
  ])('%s', (_, samples, states) => {
    expect(after(samples)).toBe(states);
  });

  it('says when it changed', () => {
    const part = new PartState();
    const changes = (['healthy', 'healthy', 'healthy', 'healthy', 'unhealthy', 'unhealthy'] as const).map(
      (sample) => part.add(sample, PATIENCE),
    );
    expect(changes).toEqual([false, false, true, false, false, true]);
  });
});
