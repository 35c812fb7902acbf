import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { EventView } from '../../src/events/event.schemas.js';
import { eventually } from './eventually.js';
import type { TestOtklik } from './test-otklik.js';

/** An event as a stream tells it. */
export interface StreamedEvent {
  readonly id: string;
  readonly type: string;
  readonly data: EventView;
}

/** A reader of `/api/events/stream`. */
export class EventStream {
  readonly events: StreamedEvent[] = [];
  /** Comments: signs of life. */
  heartbeats = 0;
  isOver = false;
  private rest = '';

  private constructor(
    readonly response: IncomingMessage,
    private readonly outgoing: ClientRequest,
  ) {
    response.setEncoding('utf8');
    response.on('data', (text: string) => this.read(text));
    // Cut off or ended: both are the end.
    response
      .on('error', () => undefined)
      .on('close', () => {
        this.isOver = true;
      });
  }

  /** Opens one that was let in. */
  static async open(
    otklik: TestOtklik,
    query = '',
    headers: Readonly<Record<string, string>> = {},
  ): Promise<EventStream> {
    const outgoing = request(`${otklik.url}/api/events/stream${query}`, {
      agent: false,
      headers: { authorization: `Bearer ${otklik.adminApiKey}`, ...headers },
    });
    outgoing.end();
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    outgoing.on('error', () => undefined);
    if (response.statusCode !== 200) throw new Error(`The stream answered ${response.statusCode}.`);
    return new EventStream(response, outgoing);
  }

  static after(otklik: TestOtklik, id: string, query = ''): Promise<EventStream> {
    return EventStream.open(otklik, query, { 'last-event-id': id });
  }

  get ids(): string[] {
    return this.events.map(({ id }) => id);
  }

  /** Waits until so many events were told. */
  async until(count: number): Promise<readonly StreamedEvent[]> {
    await eventually(() => this.events.length >= count);
    return this.events;
  }

  async untilOver(): Promise<void> {
    await eventually(() => this.isOver);
  }

  /** Reads no further: what is sent stays in the sockets. */
  pause(): void {
    this.response.pause();
  }

  resume(): void {
    this.response.resume();
  }

  close(): void {
    this.outgoing.destroy();
  }

  private read(text: string): void {
    const blocks = (this.rest + text).split('\n\n');
    this.rest = blocks.pop() ?? '';
    for (const block of blocks) {
      if (block === ':') this.heartbeats++;
      const [, id, type, data] = /^id: (.+)\nevent: (.+)\ndata: (.+)$/.exec(block) ?? [];
      if (id && type && data) this.events.push({ id, type, data: JSON.parse(data) });
    }
  }
}
