import { CapturedLog } from '../../test/support/captured-log.js';
import { Observations } from './observations.js';

describe('what watches', () => {
  it('disturbs neither what it watches nor others that watch, whatever it throws', () => {
    const log = new CapturedLog();
    const observations = new Observations(log.log);
    const seen: number[] = [];
    observations.on('reminderBegun', () => {
      throw new Error('a fault');
    });
    observations.on('reminderBegun', ({ lateness }) => seen.push(lateness));
    observations.tell('reminderBegun', { lateness: 5 });
    observations.tell('ingestRefused', undefined);
    expect(seen).toEqual([5]);
    expect(log.entries(({ msg }) => msg === 'What watches reminderBegun failed')).toMatchObject([
      { level: 'warn', err: { message: 'a fault' } },
    ]);
  });
});
