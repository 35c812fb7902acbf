import { type Arrival, eventTypesOf, MANNERS, type MannerName, RATE_LIMIT } from './crash-endpoints.js';

/** An event as the outbox has it. */
export interface StoredEvent {
  readonly id: string;
  readonly type: string;
  readonly conversationId: string | null;
  /** What has to be sent of it. */
  readonly body: string;
}

/** What there is to prove it with. */
export interface Evidence {
  /** In the order of their positions. */
  readonly events: readonly StoredEvent[];
  /** In the order in which they came. */
  readonly arrivals: readonly Arrival[];
  /** When something was killed, in milliseconds since 1970. */
  readonly kills: readonly number[];
}

/** Events that came once more although they had been answered, by what cut the attempt off. */
export interface Duplicates {
  /** Something was killed between the answer and the next time. */
  readonly afterKill: number;
  /** The endpoint lost the answer itself. */
  readonly afterLostAnswer: number;
}

const SECOND = 1_000;

/** How far from a kill the answer may be that was not recorded because of it: no attempt takes longer (WEBHOOK_TIMEOUT). */
const UNRECORDED = 2 * SECOND;

/** The limit's tolerance of a tenth of a second, and what the way from the claim to the endpoint squeezes together. */
const RATE_SLACK = 1.5;

export function countDuplicates({ arrivals, kills }: Evidence): Duplicates & { unexplained: string[] } {
  const last = new Map<string, Arrival>();
  const unexplained: string[] = [];
  let afterKill = 0;
  let afterLostAnswer = 0;
  for (const arrival of arrivals) {
    const key = `${arrival.endpoint} ${arrival.eventId}`;
    const before = last.get(key);
    last.set(key, arrival);
    if (!before) continue;
    if (!before.isAnswered) afterLostAnswer++;
    else if (before.answeredAt !== undefined) {
      const { answeredAt } = before;
      if (kills.some((kill) => Math.abs(kill - answeredAt) < UNRECORDED)) afterKill++;
      else unexplained.push(key);
    }
  }
  return { afterKill, afterLostAnswer, unexplained };
}

/** What was promised and not kept, by what arrived. */
export function brokenWebhookPromises(evidence: Evidence): string[] {
  return [
    ...named('an event never arrived', missing(evidence)),
    ...named('something arrived that is no event', strangers(evidence)),
    ...named('a signature was wrong', evidence.arrivals.filter(({ isVerified }) => !isVerified).map(keyOf)),
    ...named('a body was another than is stored', otherBodies(evidence)),
    ...named('an event came again although it was answered', countDuplicates(evidence).unexplained),
    ...named('an event overtook an earlier one of its conversation', overtaken(evidence)),
    ...named('more came in a second than the limit allows', tooMany(evidence)),
  ];
}

function named(rule: string, cases: readonly string[]): string[] {
  return cases.length === 0 ? [] : [`${rule} (${cases.length} times: ${cases.slice(0, 3).join(', ')})`];
}

function keyOf({ endpoint, eventId }: { endpoint: string; eventId: string }): string {
  return `${endpoint} ${eventId}`;
}

function wants(endpoint: MannerName, { type }: StoredEvent): boolean {
  return (eventTypesOf(endpoint) ?? [type]).includes(type);
}

function missing({ events, arrivals }: Evidence): string[] {
  const arrived = new Set(arrivals.filter(({ answeredAt }) => answeredAt !== undefined).map(keyOf));
  return (Object.keys(MANNERS) as MannerName[]).flatMap((endpoint) =>
    events
      .filter((event) => wants(endpoint, event))
      .map(({ id }) => keyOf({ endpoint, eventId: id }))
      .filter((key) => !arrived.has(key)),
  );
}

function strangers({ events, arrivals }: Evidence): string[] {
  const byId = new Map(events.map((event) => [event.id, event]));
  return arrivals
    .filter(({ endpoint, eventId }) => {
      const event = byId.get(eventId);
      return !event || !wants(endpoint, event);
    })
    .map(keyOf);
}

function otherBodies({ events, arrivals }: Evidence): string[] {
  const bodies = new Map(events.map(({ id, body }) => [id, body]));
  return arrivals.filter(({ eventId, body }) => bodies.get(eventId) !== body).map(keyOf);
}

/** At the ordered endpoint, the next event of a conversation comes after the one before was answered. */
function overtaken({ events, arrivals }: Evidence): string[] {
  const ordered = arrivals.filter(({ endpoint }) => endpoint === 'ordered');
  const arrivedAt = new Map<string, number>();
  const answeredAt = new Map<string, number>();
  for (const { eventId, at, answeredAt: answer } of ordered) {
    if (!arrivedAt.has(eventId)) arrivedAt.set(eventId, at);
    if (answer !== undefined && !answeredAt.has(eventId)) answeredAt.set(eventId, answer);
  }
  const before = new Map<string, string>();
  return events.flatMap(({ id, conversationId }) => {
    if (conversationId === null) return [];
    const previous = before.get(conversationId);
    before.set(conversationId, id);
    if (previous === undefined) return [];
    const [answered = Number.NaN, arrived = Number.NaN] = [answeredAt.get(previous), arrivedAt.get(id)];
    return arrived < answered ? [`${id} before ${previous}`] : [];
  });
}

function tooMany({ arrivals }: Evidence): string[] {
  const times = arrivals.filter(({ endpoint }) => endpoint === 'limited').map(({ at }) => at);
  return times.flatMap((at, index) => {
    const until = times.findIndex((other, place) => place > index && other > at + SECOND);
    const count = (until === -1 ? times.length : until) - index;
    return count > RATE_LIMIT * RATE_SLACK ? [`${count} at ${new Date(at).toISOString()}`] : [];
  });
}
