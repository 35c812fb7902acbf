import { later, succeed } from '../../test/support/webhook-receiver/behaviours.js';
import { closedPort, WebhookReceiver } from '../../test/support/webhook-receiver.js';
import { serve } from './child-process.js';

/** Milliseconds after which the slow endpoint answers: just before WEBHOOK_TIMEOUT. */
const SLOW = 29_000;

/** Checking one signature takes the package longer than all else that happens to a request. */
const CHECKS_ONE_OF = 100;

export interface Addresses {
  readonly well: string;
  readonly slow: string;
  /** Nobody listens there. */
  readonly dead: string;
}

export interface Outcome {
  /** Deliveries that arrived at the well endpoints, each once. */
  readonly arrived: number;
  /** Requests beyond those. */
  readonly doubled: number;
  /** Of those that were checked, how many had no good signature. */
  readonly faulty: number;
  /** Requests to the slow endpoint. */
  readonly slow: number;
}

/** By path and event, when it arrived: in milliseconds since 1970, with fractions. */
const arrivals = new Map<string, number>();

const well = await WebhookReceiver.start({
  keeps: false,
  checksOneOf: CHECKS_ONE_OF,
  onRequest: ({ path, id, arrivedAt }) => {
    const key = `${path} ${id}`;
    if (!arrivals.has(key)) arrivals.set(key, arrivedAt);
  },
});
const slow = await WebhookReceiver.start({ keeps: false, checksOneOf: CHECKS_ONE_OF });
const dead = `http://127.0.0.1:${await closedPort()}`;

const receiver = {
  addresses: async (): Promise<Addresses> => ({ well: well.url(''), slow: slow.url(''), dead }),
  /** Forgets what was, and hangs up on whoever waits for the slow endpoint. */
  begin: async (secrets: Readonly<Record<string, string>>): Promise<void> => {
    await slow.refuse();
    await slow.listen();
    for (const one of [well, slow]) {
      one.clear();
      for (const [path, secret] of Object.entries(secrets)) one.trust(path, secret);
    }
    slow.behave(later(SLOW, succeed));
    arrivals.clear();
  },
  outcome: async (): Promise<Outcome> => ({
    arrived: arrivals.size,
    doubled: well.count - arrivals.size,
    faulty: well.faulty + slow.faulty,
    slow: slow.count,
  }),
  arrivals: async (): Promise<[event: string, at: number][]> =>
    [...arrivals].map(([key, at]) => [key.slice(key.indexOf(' ') + 1), at]),
};

export type Receiver = typeof receiver;

serve(receiver);
