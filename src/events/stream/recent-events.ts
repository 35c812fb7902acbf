import type { EventRecord } from '../event.entity.js';
import { eventView } from '../event.view.js';
import type { EventType } from '../event-catalogue.js';

/** An event in the form in which streams tell it, made once for all of them. */
export interface ToldEvent {
  readonly position: number;
  readonly type: EventType;
  readonly conversationId: string | null;
  /** As server-sent events have it; JSON has no line breaks. */
  readonly text: string;
}

export function toldEvent(event: EventRecord): ToldEvent {
  const { id, type, conversationId } = event;
  return {
    position: Number(event.position),
    type,
    conversationId,
    text: `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify(eventView(event))}\n\n`,
  };
}

const MOST = 500;

/** Most characters of all of them. */
const LONGEST = 4 * 1024 * 1024;

/** The last events that were told, for those who keep up; who does not reads the database. */
export class RecentEvents {
  private readonly events: ToldEvent[] = [];
  private length = 0;
  /** Everything behind this position is here. */
  private start: number;

  /** @param head up to here everything is told, or will never come */
  constructor(public head: number) {
    this.start = head;
  }

  add(events: readonly ToldEvent[], head: number): void {
    for (const event of events) this.length += event.text.length;
    this.events.push(...events);
    this.head = head;
    while (this.events.length > MOST || this.length > LONGEST) {
      const oldest = this.events.shift();
      if (!oldest) break;
      this.length -= oldest.text.length;
      this.start = oldest.position;
    }
  }

  /** The event that comes next behind a position; undefined: there is none yet; null: it is not here any more. */
  after(position: number): ToldEvent | undefined | null {
    if (position < this.start) return null;
    let [low, high] = [0, this.events.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.events[middle]?.position ?? 0) <= position) low = middle + 1;
      else high = middle;
    }
    return this.events[low];
  }
}
