import { newSecret } from '../../src/webhooks/signing/webhook-secret.js';
import type { Cleanup } from '../cleanup.js';
import type { DatabaseServer } from '../database-server.js';
import type { Bare } from './bare.process.js';
import { type Ask, startChild } from './child.js';
import { type Figures, latencyFigures, throughputFigures } from './figures.js';
import type { ContenderName, Options } from './options.js';
import { OtklikDeliverer } from './otklik-deliverer.js';
import type { Measurement } from './plan.js';
import type { Receiver } from './receiver.process.js';

const ROLES: Readonly<Record<Exclude<ContenderName, 'bare'>, readonly [api: string, worker?: string]>> = {
  ours: ['api', 'worker'],
  together: ['api,worker'],
};

/** All who deliver, to one receiver. */
export class Contenders {
  private constructor(
    private readonly receiver: Ask<Receiver>,
    private readonly bare: Ask<Bare> | undefined,
    private readonly deliverers: ReadonlyMap<ContenderName, OtklikDeliverer>,
    private readonly server: DatabaseServer,
  ) {}

  /** Starts them one after the other. */
  static async start(
    names: readonly ContenderName[],
    server: DatabaseServer,
    cleanup: Cleanup,
    say: (line: string) => void,
  ): Promise<Contenders> {
    const receiver = await startChild<Receiver>('./receiver.process.js', cleanup);
    let bare: Ask<Bare> | undefined;
    const deliverers = new Map<ContenderName, OtklikDeliverer>();
    for (const name of names) {
      say(`  ${name}`);
      if (name === 'bare') {
        bare = await startChild<Bare>('./bare.process.js', cleanup);
      } else {
        const databaseUrl = await server.createDatabase(name);
        deliverers.set(name, await OtklikDeliverer.start(databaseUrl, ROLES[name], receiver, cleanup));
      }
    }
    return new Contenders(receiver, bare, deliverers, server);
  }

  /** @throws when something was not delivered exactly once, or with a wrong signature */
  async measure({ contender, kind, endpoints: count }: Measurement, options: Options): Promise<Figures> {
    if (contender === 'bare') return this.measureBare(options.deliveries);
    const deliverer = this.deliverers.get(contender);
    if (!deliverer) throw new Error(`${contender} was not started.`);
    if (kind === 'latency') {
      await this.server.checkpoint();
      const { milliseconds, events } = await deliverer.tell(options.seconds, count);
      return latencyFigures(milliseconds, events / options.seconds);
    }
    const endpoints = await deliverer.prepare(count, null);
    const fannedOut = await deliverer.fanOut(Math.ceil(options.deliveries / endpoints.well.length));
    if (kind === 'fan-out') return throughputFigures(fannedOut);
    await this.server.checkpoint();
    return throughputFigures(await deliverer.drain(endpoints));
  }

  private async measureBare(count: number): Promise<Figures> {
    if (!this.bare) throw new Error('undici alone was not started.');
    const { well } = await this.receiver('addresses');
    const secret = newSecret();
    await this.bare('prepare', count);
    await this.receiver('begin', { '/hook': secret });
    await this.server.checkpoint();
    const milliseconds = await this.bare('send', well, '/hook', secret);
    const { arrived, doubled, faulty } = await this.receiver('outcome');
    if (arrived !== count || doubled !== 0 || faulty !== 0) {
      throw new Error(`${count} were sent: arrived ${arrived}, doubled ${doubled}, unverified ${faulty}.`);
    }
    return throughputFigures({ count, milliseconds });
  }
}
