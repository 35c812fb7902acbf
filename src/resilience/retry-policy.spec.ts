import { isConflict } from '../database/database-errors.js';
import { retryPolicy } from './retry-policy.js';

const SETTINGS = { attempts: 3, baseDelay: 1, maxDelay: 2 };
const deadlock = Object.assign(new Error('deadlock detected'), { code: '40P01' });

describe('the retry policy (E3)', () => {
  function failing(times: number, error: Error): { tries: number; run(): Promise<string> } {
    const work = {
      tries: 0,
      run: async () => {
        work.tries++;
        if (work.tries <= times) throw error;
        return 'done';
      },
    };
    return work;
  }

  it.each([0, 1, 2, 3])('gets over %i failures', async (times) => {
    const work = failing(times, deadlock);
    await expect(retryPolicy(SETTINGS, isConflict).execute(work.run)).resolves.toBe('done');
    expect(work.tries).toBe(times + 1);
  });

  it('gives up after so many, with the last error', async () => {
    const work = failing(9, deadlock);
    await expect(retryPolicy(SETTINGS, isConflict).execute(work.run)).rejects.toBe(deadlock);
    expect(work.tries).toBe(4);
  });

  it('does not try again what no further try can cure', async () => {
    const error = new Error('no');
    const work = failing(9, error);
    await expect(retryPolicy(SETTINGS, isConflict).execute(work.run)).rejects.toBe(error);
    expect(work.tries).toBe(1);
  });

  it('can be switched off', async () => {
    const work = failing(1, deadlock);
    await expect(retryPolicy({ ...SETTINGS, attempts: 0 }, isConflict).execute(work.run)).rejects.toBe(
      deadlock,
    );
  });
});
