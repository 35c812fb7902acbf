import type { ServerResponse } from 'node:http';
import type { ApiClient } from '../support/api-client.js';
import { answer, type Behaviour, later, reset, succeed } from '../support/webhook-receiver/behaviours.js';
import type { ReceivedRequest } from '../support/webhook-receiver/received-request.js';
import { WebhookReceiver } from '../support/webhook-receiver.js';

/** How an endpoint treats what it is told. */
interface Manner {
  readonly settings?: Readonly<{
    eventTypes?: readonly string[];
    ordered?: true;
    rateLimitPerSecond?: number;
  }>;
  readonly behaviour: (random: () => number) => Behaviour;
}

/** Says 500, hangs up, or takes its time, now and then. */
function flaky(random: () => number): Behaviour {
  const chance = random();
  if (chance < 0.15) return answer(500);
  if (chance < 0.25) return reset;
  return chance < 0.3 ? later(100, succeed) : succeed;
}

/** Takes the event, and loses the answer now and then: the honest cause of a duplicate. */
function lossy(random: () => number): Behaviour {
  return random() < 0.1 ? reset : succeed;
}

/** Requests a second that the limited endpoint takes. */
export const RATE_LIMIT = 250;

export const MANNERS = {
  well: { behaviour: () => succeed },
  ordered: { settings: { ordered: true }, behaviour: flaky },
  flaky: { behaviour: flaky },
  lossy: { behaviour: lossy },
  limited: {
    settings: { rateLimitPerSecond: RATE_LIMIT, eventTypes: ['message.received'] },
    behaviour: () => succeed,
  },
  // It is the one that goes away and comes back.
  unsteady: { behaviour: () => succeed },
} as const satisfies Readonly<Record<string, Manner>>;

export type MannerName = keyof typeof MANNERS;

/** What an endpoint subscribed to; undefined: everything. */
export function eventTypesOf(name: MannerName): readonly string[] | undefined {
  const { settings }: Manner = MANNERS[name];
  return settings?.eventTypes;
}

/** One request as it came in. Times are milliseconds since 1970. */
export interface Arrival {
  readonly endpoint: MannerName;
  readonly eventId: string;
  readonly body: string;
  readonly isVerified: boolean;
  readonly at: number;
  /** Whether the sender could have had a whole answer with a 2xx. */
  readonly isAnswered: boolean;
  /** When it was answered; undefined: it never was. */
  answeredAt: number | undefined;
}

/** Endpoints that fail in their own manner, and remember everything. */
export class CrashEndpoints {
  readonly arrivals: Arrival[] = [];
  readonly ids = new Map<MannerName, string>();
  private readonly receivers: WebhookReceiver[] = [];
  private unsteady: WebhookReceiver | undefined;

  private constructor(private readonly random: () => number) {}

  static async start(api: ApiClient, random: () => number): Promise<CrashEndpoints> {
    const endpoints = new CrashEndpoints(random);
    for (const name of Object.keys(MANNERS) as MannerName[]) await endpoints.add(api, name);
    return endpoints;
  }

  /** The unsteady one refuses connections for a while. */
  async outage(work: () => Promise<void>): Promise<void> {
    await this.unsteady?.refuse();
    await work();
    await this.unsteady?.listen();
  }

  async close(): Promise<void> {
    await Promise.all(this.receivers.map((receiver) => receiver.close()));
  }

  private async add(api: ApiClient, name: MannerName): Promise<void> {
    const manner: Manner = MANNERS[name];
    let current: ReceivedRequest | undefined;
    const receiver = await WebhookReceiver.start({
      keeps: false,
      onRequest: (request) => {
        current = request;
      },
    });
    this.receivers.push(receiver);
    if (name === 'unsteady') this.unsteady = receiver;
    receiver.behave((response) => {
      if (current) this.treat(name, current, manner.behaviour(this.random), response);
    });
    const { status, body } = await api.post<{ id: string; secret: string }>('/api/webhooks', {
      url: receiver.url('/hook'),
      ...manner.settings,
    });
    if (status !== 201) throw new Error(`No endpoint was made: ${status} ${JSON.stringify(body)}`);
    receiver.trust('/hook', body.secret);
    this.ids.set(name, body.id);
  }

  private treat(
    endpoint: MannerName,
    { id: eventId, body, isVerified, arrivedAt: at }: ReceivedRequest,
    behaviour: Behaviour,
    response: ServerResponse,
  ): void {
    const isAnswered = behaviour !== reset;
    const arrival: Arrival = {
      endpoint,
      eventId,
      body: body.toString(),
      isVerified,
      at,
      isAnswered,
      answeredAt: undefined,
    };
    this.arrivals.push(arrival);
    response.once('finish', () => {
      if (response.statusCode < 300) arrival.answeredAt = performance.timeOrigin + performance.now();
    });
    behaviour(response);
  }
}
