import { WebhookReceiver } from '../test/support/webhook-receiver.js';
import { readProblemDetail } from './answers.js';
import type { CallApi } from './api-connections.js';
import { DemoProblem } from './demo-problem.js';
import { count } from './terminal-text.js';

/** What an Otklik needs to be told to reach it: it is on this computer, and speaks plain HTTP. */
export const DEMO_ENDPOINT_SETTINGS = { WEBHOOK_ALLOW_HTTP: 'true', WEBHOOK_ALLOWED_CIDRS: '127.0.0.0/8' };

/** What arrived there. */
export interface Told {
  readonly events: number;
  /** Requests whose signature was not right. */
  readonly faulty: number;
  /** How long it took until everything had arrived, after the last message. */
  readonly seconds: number;
  /** Whether nothing was left on its way when the waiting ended. */
  readonly isComplete: boolean;
}

const PATH = '/demo';
const LOOK_EVERY_MS = 50;
const PATIENCE_MS = 60_000;

/** An endpoint of the demo's own, which is told of everything that happens, and checks each signature. */
export class DemoEndpoint {
  private constructor(
    private readonly receiver: WebhookReceiver,
    private readonly call: CallApi,
    private readonly id: string,
  ) {}

  /** @throws DemoProblem where Otklik does not take the endpoint */
  static async start(call: CallApi): Promise<DemoEndpoint> {
    const receiver = await WebhookReceiver.start({ keeps: false });
    const body = JSON.stringify({ url: receiver.url(PATH), description: 'The demo' });
    const answer = await call({ method: 'POST', path: '/api/webhooks', body });
    if (answer.status !== 201) {
      await receiver.close();
      throw new DemoProblem(`No endpoint was made: ${readProblemDetail(answer.status, answer.body)}`);
    }
    const { id, secret } = JSON.parse(answer.body) as { id: string; secret: string };
    receiver.trust(PATH, secret);
    return new DemoEndpoint(receiver, call, id);
  }

  /** Waits until everything that happened has arrived. */
  async settle(
    pause: (milliseconds: number) => Promise<unknown>,
    now: () => number,
    signal: AbortSignal,
  ): Promise<Told> {
    const started = now();
    let isComplete = await this.isSettled();
    while (!isComplete && !signal.aborted && now() - started < PATIENCE_MS) {
      await pause(LOOK_EVERY_MS);
      isComplete = await this.isSettled();
    }
    const { count: events, faulty } = this.receiver;
    return { events, faulty, seconds: (now() - started) / 1000, isComplete };
  }

  async close(): Promise<void> {
    await this.receiver.close();
  }

  private async isSettled(): Promise<boolean> {
    const health = await this.call({ method: 'GET', path: '/health/webhook' });
    const { checks } = JSON.parse(health.body) as { checks: { webhook?: { lagMs?: number } } };
    if (checks.webhook?.lagMs !== 0) return false;
    const path = `/api/webhooks/${this.id}/deliveries?status=pending&limit=1`;
    const pending = await this.call({ method: 'GET', path });
    return (JSON.parse(pending.body) as { data: unknown[] }).data.length === 0;
  }
}

/** What arrived, for a person. */
export function renderTold({ events, faulty, seconds, isComplete }: Told): string {
  const signatures =
    faulty === 0 ? 'each with the right signature' : `${count(faulty)} with a wrong signature`;
  const when = isComplete
    ? `all within ${seconds.toFixed(1)} s of the last message`
    : 'more were on their way';
  return `  Webhooks      ${count(events).padStart(8)}   events told to an endpoint on this computer, ${signatures}, ${when}`;
}
