import type { ContenderName } from './options.js';

/** How fast due deliveries are made, how fast events become deliveries, how soon after its commit an event arrives. */
export type Kind = 'throughput' | 'fan-out' | 'latency';

/** One thing that is measured in each round. */
export interface Measurement {
  /** What the goals and the published JSON call it. */
  readonly id: string;
  readonly title: string;
  readonly contender: ContenderName;
  readonly kind: Kind;
  /** How many endpoints there are; of a hundred, one is dead and one slow. */
  readonly endpoints: 1 | 100;
}

/** Messages that come in a second, in measurements of latency; each makes three events or more. */
export const MESSAGES_PER_SECOND = 167;
/** Conversations that are closed a second; 97 of a hundred endpoints hear of nothing else. */
export const CLOSINGS_PER_SECOND = 1;
/** Seconds before those that are measured. */
export const WARM_UP = 2;

const MANY = ', 100 endpoints, one dead, one slow';

const OURS: Omit<Measurement, 'title' | 'id' | 'kind'> = { contender: 'ours', endpoints: 1 };

/** Rounds of throughput come first, then rounds of latency: what is compared stands close together. */
export const THROUGHPUT: readonly Measurement[] = [
  { id: 'bare@throughput', title: 'undici alone', contender: 'bare', kind: 'throughput', endpoints: 1 },
  { ...OURS, id: 'ours@throughput', title: 'Otklik, 1 endpoint', kind: 'throughput' },
  { ...OURS, id: 'ours@throughput-100', title: `Otklik${MANY}`, kind: 'throughput', endpoints: 100 },
  { ...OURS, id: 'ours@fan-out', title: 'Otklik, events to deliveries', kind: 'fan-out' },
];

const TOGETHER: Omit<Measurement, 'title' | 'id'> = { contender: 'together', kind: 'latency', endpoints: 1 };

export const LATENCY: readonly Measurement[] = [
  { ...OURS, id: 'ours@latency', title: 'two processes, 1 endpoint', kind: 'latency' },
  { ...OURS, id: 'ours@latency-100', title: `two processes${MANY}`, kind: 'latency', endpoints: 100 },
  { ...TOGETHER, id: 'together@latency', title: 'one process, 1 endpoint' },
  { ...TOGETHER, id: 'together@latency-100', title: `one process${MANY}`, endpoints: 100 },
];

/**
 * When something happens, in milliseconds after the first: each at random within the seconds, as clients write.
 *
 * @param random a number from 0 up to 1
 */
export function momentsOf(perSecond: number, seconds: number, random: () => number): number[] {
  return Array.from({ length: perSecond * seconds }, () => random() * seconds * 1000).sort((a, b) => a - b);
}
