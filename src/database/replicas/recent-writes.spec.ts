import { CapturedLog } from '../../../test/support/captured-log.js';
import { SECOND, SettableClock } from '../../../test/support/settable-clock.js';
import { loadConfig } from '../../config/config.js';
import type { Notifications } from '../notifications.js';
import { RecentWrites } from './recent-writes.js';
import type { Replicas } from './replicas.js';

const config = loadConfig({ DATABASE_REPLICA_OWN_WRITES: 'PT5S' });

describe('who has written lately', () => {
  let clock: SettableClock;
  let told: string[];
  let writes: RecentWrites;

  beforeEach(async () => {
    clock = new SettableClock();
    told = [];
    const notifications = {
      isListening: true,
      listen: async () => undefined,
      notify: async (_channel: string, caller: string) => void told.push(caller),
    } as unknown as Notifications;
    const replicas = { areThere: true } as Replicas;
    writes = new RecentWrites(notifications, replicas, clock, new CapturedLog().log, config);
    await writes.onApplicationBootstrap();
    // What was said before it listened.
    clock.advance(6 * SECOND);
  });

  it('is known here at once, before anything is heard of it', () => {
    void writes.note('somebody');
    expect(writes.of('somebody')).toBe(clock.now());
    expect(writes.of('another')).toBeLessThan(clock.now());
  });

  it('is told to the others once, and again at half of the time, for they take it to go on that long', async () => {
    await Promise.all([writes.note('somebody'), writes.note('somebody')]);
    clock.advance(2.5 * SECOND - 1);
    expect(writes.note('somebody')).toBeUndefined();
    expect(told).toEqual(['somebody']);
    clock.advance(1);
    await writes.note('somebody');
    expect(told).toEqual(['somebody', 'somebody']);
    writes.heard('another');
    expect(writes.of('another')).toBe(clock.now() + 5 * SECOND);
  });

  it('may be anybody while nothing is heard, and for a while afterwards', () => {
    writes.lost();
    expect(writes.of('somebody')).toBe(Number.POSITIVE_INFINITY);
    writes.missed();
    expect(writes.of('somebody')).toBe(clock.now() + 5 * SECOND);
  });
});
