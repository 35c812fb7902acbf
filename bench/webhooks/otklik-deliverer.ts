import { randomBytes } from 'node:crypto';
import type { Cleanup } from '../cleanup.js';
import { startOtklik } from '../contenders/otklik.js';
import { untilSo } from '../reminders/contender.js';
import type { Ask } from './child.js';
import { DeliveryRows } from './delivery-rows.js';
import { type Endpoints, makeEndpoints } from './endpoints.js';
import type { Drained } from './figures.js';
import { writeMessages } from './message-writer.js';
import { OtklikApi } from './otklik-api.js';
import { WARM_UP } from './plan.js';
import type { Receiver } from './receiver.process.js';

/** The receiver is on this computer, and speaks HTTP. */
export const WEBHOOK_SETTINGS = {
  WEBHOOK_ALLOW_HTTP: 'true',
  WEBHOOK_ALLOWED_CIDRS: '127.0.0.0/8',
} as const;

/** What the 97 other endpoints hear of while messages come in. */
const RARE = ['conversation.closed'];

/** The milliseconds that each delivery took, and how many events happened meanwhile. */
interface Told {
  readonly milliseconds: readonly number[];
  readonly events: number;
}

/**
 * Otklik as it is delivered, as a process for the API and one for the workers or as one for both. Fan-out and deliveries
 * are paused and resumed by the API's own switches.
 */
export class OtklikDeliverer {
  private constructor(
    private readonly api: OtklikApi,
    private readonly worker: OtklikApi,
    private readonly rows: DeliveryRows,
    private readonly receiver: Ask<Receiver>,
  ) {}

  /** @param roles of each of its processes, the one with the API first */
  static async start(
    databaseUrl: string,
    roles: readonly [api: string, worker?: string],
    receiver: Ask<Receiver>,
    cleanup: Cleanup,
  ): Promise<OtklikDeliverer> {
    // What one seals, the other opens.
    const secretKey = randomBytes(32).toString('base64');
    const start = async (role: string): Promise<OtklikApi> => {
      const env = { ROLES: role, SECRET_ENCRYPTION_KEY: secretKey, ...WEBHOOK_SETTINGS };
      return OtklikApi.of(await startOtklik(databaseUrl, cleanup, env), cleanup);
    };
    const [first, second] = roles;
    const api = await start(first);
    const worker = second === undefined ? api : await start(second);
    return new OtklikDeliverer(api, worker, await DeliveryRows.in(databaseUrl, cleanup), receiver);
  }

  /** Ends what the measurement before has left, and makes the endpoints of the next. */
  async prepare(count: 1 | 100, othersHear: readonly string[] | null): Promise<Endpoints> {
    await this.turn('pause', 'event-fan-out');
    await this.turn('pause', 'webhooks');
    await this.rows.forgetEndpoints();
    const endpoints = await makeEndpoints(count, othersHear, this.api, this.receiver);
    await this.receiver('begin', endpoints.secrets);
    return endpoints;
  }

  /** Makes events, and then deliveries of them. @returns how long the latter took */
  async fanOut(events: number): Promise<Drained> {
    const first = await this.rows.newestEvent();
    await this.rows.makeEvents(events);
    const last = await this.rows.newestEvent();
    if ((await this.rows.toldUpTo()) > first) throw new Error('Events were told before the start.');
    const start = performance.now();
    await this.turn('resume', 'event-fan-out');
    await untilSo('all events are told', async () => (await this.rows.toldUpTo()) >= last);
    const milliseconds = performance.now() - start;
    await this.turn('pause', 'event-fan-out');
    return { milliseconds, count: events };
  }

  /** Delivers what is due; the dead and the slow endpoint are not waited for. @throws when one did not arrive once */
  async drain({ well }: Endpoints): Promise<Drained> {
    const count = await this.rows.made(well);
    const statements = await this.worker.statements();
    const start = performance.now();
    await this.turn('resume', 'webhooks');
    const haveArrived = async () => (await this.receiver('outcome')).arrived >= count;
    await untilSo('all deliveries have arrived', haveArrived);
    await untilSo('all deliveries are recorded', () => this.rows.areDelivered(well));
    const milliseconds = performance.now() - start;
    const spent = (await this.worker.statements()) - statements;
    const memoryMb = await this.worker.memoryMb();
    await this.turn('pause', 'webhooks');
    const outcome = await this.receiver('outcome');
    await this.rows.verify(well, outcome);
    return { milliseconds, count, statements: spent, slow: outcome.slow, memoryMb };
  }

  /**
   * Takes in messages for so many seconds. PostgreSQL tells when each event was committed.
   *
   * @throws when one did not arrive once
   */
  async tell(seconds: number, count: 1 | 100): Promise<Told> {
    const { well } = await this.prepare(count, RARE);
    await this.turn('resume', 'event-fan-out');
    await this.turn('resume', 'webhooks');
    const before = await this.rows.newestEvent();
    const begin = Date.now() + WARM_UP * 1000;
    await writeMessages(WARM_UP + seconds, this.api);
    await untilSo('all events have arrived', () => this.rows.areDelivered(well));
    await this.rows.verify(well, await this.receiver('outcome'));
    const moments = await this.rows.momentsAfter(before);
    const arrivals = await this.receiver('arrivals');
    return {
      milliseconds: arrivals.flatMap(([event, arrivedAt]) => {
        const committedAt = moments.get(event) ?? Number.NaN;
        return committedAt < begin ? [] : [arrivedAt - committedAt];
      }),
      events: [...moments.values()].filter((at) => at >= begin).length,
    };
  }

  private async turn(how: 'pause' | 'resume', what: 'webhooks' | 'event-fan-out'): Promise<void> {
    await this.api.post(`/api/system/processes/${what}/${how}`, 200);
  }
}
