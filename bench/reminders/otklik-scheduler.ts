import type { Cleanup } from '../cleanup.js';
import { type RunningOtklik, startOtklik } from '../contenders/otklik.js';
import { measureLoad } from '../load.js';
import { type Contender, leadTime, untilSo } from './contender.js';
import { DueReminders } from './due-reminders.js';

const CONNECTIONS = 50;
/** Messages a second that the load process is ready for. */
const EXPECTED_RATE = 10_000;
/** Seconds that ingest goes on for besides those that are measured: before the first is due, and after the last. */
const AROUND = 5;

/**
 * Otklik as it is delivered: a process for the API and one for the workers. The reminders are paused while rows are
 * made, by the API's own switch.
 */
export class OtklikScheduler implements Contender {
  private constructor(
    private readonly api: RunningOtklik,
    private readonly reminders: DueReminders,
    private readonly cleanup: Cleanup,
  ) {}

  static async start(databaseUrl: string, cleanup: Cleanup): Promise<OtklikScheduler> {
    const api = await startOtklik(databaseUrl, cleanup, { ROLES: 'api' });
    const scheduler = new OtklikScheduler(api, await DueReminders.in(databaseUrl, cleanup), cleanup);
    await scheduler.turn('pause');
    await startOtklik(databaseUrl, cleanup, { ROLES: 'worker' });
    return scheduler;
  }

  async fill(due: number): Promise<void> {
    await this.reminders.makeOverdue(due);
  }

  async drain(): Promise<number> {
    if ((await this.reminders.sent()) > 0) throw new Error('Reminders were sent before the start.');
    const start = performance.now();
    await this.turn('resume');
    await untilSo('all reminders are sent', () => this.reminders.areDone());
    const elapsed = performance.now() - start;
    await this.turn('pause');
    await this.reminders.verify();
    return elapsed;
  }

  async beOnTime(offsets: readonly number[]): Promise<number[]> {
    const first = Date.now() + leadTime(offsets.length);
    await this.reminders.make(offsets.map((offset) => first + offset));
    await this.turn('resume');
    if (Date.now() > first) throw new Error('The first reminder was due before the last one was made.');
    // Nobody looks before the last one is due: that would cost time.
    await new Promise((resolve) => setTimeout(resolve, first + (offsets.at(-1) ?? 0) - Date.now()));
    await untilSo('all reminders are sent', () => this.reminders.areDone());
    await this.turn('pause');
    await this.reminders.verify();
    return this.reminders.lateness();
  }

  /**
   * Does something while ingest is saturated by 10,000 clients.
   *
   * @returns what it gave, and the messages a second meanwhile
   */
  async whileIngesting<T>(seconds: number, work: () => Promise<T>): Promise<[result: T, perSecond: number]> {
    const { url, apiKey } = this.api;
    const newest = await this.reminders.newestEvent();
    let isOver = false;
    const load = measureLoad(
      {
        url,
        headers: { authorization: `Bearer ${apiKey}` },
        connections: CONNECTIONS,
        traffic: { kind: 'messages', workload: 'returning' },
        warmUp: 1,
        seconds: seconds + AROUND,
        expectedRate: EXPECTED_RATE,
      },
      this.cleanup,
    ).finally(() => {
      isOver = true;
    });
    const begun = untilSo('messages come in', async () => (await this.reminders.newestEvent()) > newest);
    await Promise.race([load, begun]);
    const result = await Promise.race([work(), load.then(() => undefined)]);
    if (result === undefined || isOver)
      throw new Error('The load was over before the last reminder was due.');
    return [result, (await load).perSecond];
  }

  tidyUp(): Promise<void> {
    return this.reminders.tidyUp();
  }

  verifyAll(): Promise<number> {
    return this.reminders.verifyAll();
  }

  private async turn(how: 'pause' | 'resume'): Promise<void> {
    const response = await fetch(new URL(`/api/system/processes/reminders/${how}`, this.api.url), {
      method: 'POST',
      headers: { authorization: `Bearer ${this.api.apiKey}` },
    });
    if (response.status !== 200) throw new Error(`${how} was answered with ${response.status}.`);
    await response.arrayBuffer();
  }
}
