import { CapturedLog } from '../../test/support/captured-log.js';
import { eventually } from '../../test/support/eventually.js';
import { SettableClock } from '../../test/support/settable-clock.js';
import { type RequestContext, requestContext } from '../logging/request-context.js';
import { Observations } from '../observations/observations.js';
import type { Run } from './background-process.js';
import { ProcessRunner } from './process-runner.js';

const INTERVAL = 60_000;

describe('a background process', () => {
  const clock = new SettableClock();
  const captured = new CapturedLog();
  let runs: {
    stopping: AbortSignal;
    context: RequestContext | undefined;
    end(run?: Run): void;
    fail(error: Error): void;
  }[];
  let runner: ProcessRunner;
  let settling: Promise<void> | undefined;

  beforeEach(() => {
    captured.clear();
    runs = [];
    settling = undefined;
    runner = new ProcessRunner(
      {
        name: 'watering',
        description: 'Waters the plants.',
        interval: INTERVAL,
        run: (stopping) =>
          new Promise((resolve, reject) => {
            runs.push({
              stopping,
              context: requestContext.getStore(),
              end: (run = { handled: 0 }) => resolve(run),
              fail: reject,
            });
          }),
        settled: async () => settling,
      },
      clock,
      { controlInterval: 1_000, retryBaseDelay: 100, retryMaxDelay: 10_000 },
      captured.log,
      new Observations(captured.log),
    );
  });

  afterEach(async () => {
    for (const run of runs) run.end();
    await runner.stop();
  });

  const until = (count: number) => eventually(() => runs.length === count);
  const settled = () => eventually(() => runner.status.state !== 'running');

  async function startAndEndFirst(run?: Run): Promise<void> {
    runner.start();
    await until(1);
    runs[0]?.end(run);
    await settled();
  }

  it('does nothing before it is started', () => {
    runner.wake();
    clock.advance(INTERVAL);
    expect(runner.status).toMatchObject({ state: 'not_here', runs: 0, lastRunAt: undefined });
    expect(runs).toEqual([]);
  });

  it('runs when it starts, and again after its interval', async () => {
    await startAndEndFirst({ handled: 3, failed: 1 });
    expect(runner.status).toMatchObject({
      state: 'waiting',
      runs: 1,
      handled: 3,
      failed: 1,
      lastRunAt: clock.now(),
      nextRunAt: clock.now() + INTERVAL,
    });
    clock.advance(INTERVAL - 1);
    expect(runs).toHaveLength(1);
    clock.advance(1);
    await until(2);
  });

  it('runs when its last run said that there will be more to do', async () => {
    await startAndEndFirst({ handled: 1, nextAt: clock.now() + 500 });
    clock.advance(499);
    expect(runs).toHaveLength(1);
    clock.advance(1);
    await until(2);
  });

  it('runs earlier when it is woken, and not later when it is woken for later', async () => {
    await startAndEndFirst({ handled: 0, nextAt: clock.now() + 1_000 });
    runner.wake(clock.now() + 5_000);
    expect(runner.status.nextRunAt).toBe(clock.now() + 1_000);
    runner.wake(clock.now() + 200);
    clock.advance(200);
    await until(2);
    runs[1]?.end();
    await settled();
    runner.wake();
    await until(3);
  });

  it('never overlaps itself: what is asked for during a run comes after it', async () => {
    runner.start();
    await until(1);
    runner.wake();
    const asked = runner.runNow();
    expect(runner.status.state).toBe('running');
    expect(runs).toHaveLength(1);
    runs[0]?.end();
    await asked;
    await until(2);
  });

  it('is as late as its latest run was', async () => {
    await startAndEndFirst({ handled: 1, lag: 1_234 });
    expect(runner.status.lag).toBe(1_234);
  });

  it('tries again after a failed run, later each time, and says so once', async () => {
    const failingSince = clock.now();
    runner.start();
    for (let attempt = 1; attempt <= 5; attempt++) {
      await until(attempt);
      runs[attempt - 1]?.fail(new Error('the can is empty'));
      await settled();
      expect(runner.status).toMatchObject({
        state: 'failing',
        lastError: 'the can is empty',
        failedRuns: attempt,
      });
      const { nextRunAt = 0 } = runner.status;
      expect(nextRunAt - clock.now()).toBeLessThanOrEqual(10_000);
      clock.advance(nextRunAt - clock.now());
    }
    await until(6);
    expect(captured.entries(({ level }) => level === 'warn')).toMatchObject([
      { msg: 'A run of the background process watering failed', err: { message: 'the can is empty' } },
    ]);
    // What the first of them should have done was not done until now.
    const { lastRunAt = 0, lag } = runner.status;
    expect(lag).toBe(lastRunAt - failingSince);
    expect(lag).toBeGreaterThan(0);
    runs[5]?.end({ handled: 1 });
    await settled();
    expect(runner.status.lag).toBe(0);
    expect(runner.status).toMatchObject({ state: 'waiting', lastError: undefined, handled: 1 });
    expect(captured.entries(({ level }) => level === 'info')).toMatchObject([
      { msg: 'The background process watering works again.' },
    ]);
    // The next failure is a first one.
    clock.advance(INTERVAL);
    await until(7);
    runs[6]?.fail(new Error('the can is empty again'));
    await settled();
    expect((runner.status.nextRunAt ?? 0) - clock.now()).toBeLessThan(200);
  });

  it('begins nothing while it is paused, and catches up when it goes on', async () => {
    await startAndEndFirst();
    runner.pause();
    runner.wake();
    clock.advance(2 * INTERVAL);
    expect(runs).toHaveLength(1);
    expect(runner.status).toMatchObject({ state: 'paused', nextRunAt: undefined });
    runner.resume();
    await until(2);
  });

  it('comes to the end of its run when it is paused, and begins no other', async () => {
    runner.start();
    await until(1);
    runner.pause();
    runner.wake();
    expect(runner.status.state).toBe('running');
    runs[0]?.end({ handled: 1, nextAt: clock.now() });
    await settled();
    clock.advance(INTERVAL);
    expect(runs).toHaveLength(1);
    expect(runner.status).toMatchObject({ state: 'paused', handled: 1 });
  });

  it('can be run by hand while it is paused', async () => {
    await startAndEndFirst();
    runner.pause();
    const asked = runner.runNow();
    await until(2);
    runs[1]?.end({ handled: 7 });
    await asked;
    expect(runner.status).toMatchObject({ state: 'paused', handled: 7 });
  });

  it('belongs to no request, whichever woke it or asked for it', async () => {
    await startAndEndFirst();
    const context = { traceId: 'a'.repeat(32), requestId: 'request' };
    requestContext.run(context, () => runner.wake());
    await until(2);
    runs[1]?.end();
    await settled();
    const asked = requestContext.run(context, () => runner.runNow());
    await until(3);
    runs[2]?.end();
    await asked;
    clock.advance(INTERVAL);
    await until(4);
    expect(runs.map((run) => run.context)).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('has a whole run, and an end, once what it left to go on has come to an end', async () => {
    await startAndEndFirst();
    const { promise, resolve } = Promise.withResolvers<void>();
    settling = promise;
    const ended: string[] = [];
    const whole = runner.runWhole().then(() => ended.push('run'));
    await until(2);
    runs[1]?.end();
    await settled();
    const stopping = runner.stop().then(() => ended.push('stop'));
    await new Promise((resume) => setImmediate(resume));
    expect(ended).toEqual([]);
    resolve();
    await Promise.all([whole, stopping]);
    expect(ended).toHaveLength(2);
  });

  it('is told to stop, and stopping waits for its end', async () => {
    runner.start();
    await until(1);
    let stopped = false;
    const stopping = runner.stop().then(() => {
      stopped = true;
    });
    expect(runs[0]?.stopping.aborted).toBe(true);
    await new Promise((resolve) => setImmediate(resolve));
    expect(stopped).toBe(false);
    runs[0]?.end();
    await stopping;
    runner.wake();
    clock.advance(2 * INTERVAL);
    await runner.runNow();
    expect(runs).toHaveLength(1);
  });
});
