import type { EventView } from '../../src/events/event.schemas.js';
import type { EventPayloads, EventType } from '../../src/events/event-catalogue.js';
import type { ProcessView } from '../../src/processes/process.schemas.js';
import type { ReminderView } from '../../src/reminders/reminder.schemas.js';
import { eventually } from './eventually.js';
import type { TestOtklik } from './test-otklik.js';

/** An event whose type is known. */
export type EventOf<Type extends EventType> = Omit<EventView, 'data'> & {
  readonly data: EventPayloads[Type];
};

/** Looks at what becomes of reminders, from outside. */
export class ReminderWatch {
  constructor(private readonly otklik: TestOtklik) {}

  /** The reminders of a conversation, the next one due first. */
  of(conversationId: string, status?: string): Promise<ReminderView[]> {
    const filter = status ? `&status=${status}` : '';
    return this.otklik.api.all<ReminderView>(`/api/reminders?conversationId=${conversationId}${filter}`);
  }

  async one(conversationId: string, id: string | undefined): Promise<ReminderView | undefined> {
    return (await this.of(conversationId)).find((reminder) => reminder.id === id);
  }

  /** The events of a conversation, in the order of the outbox. */
  async events<Type extends EventType>(conversationId: string, type: Type): Promise<EventOf<Type>[]> {
    const path = `/api/events?conversationId=${conversationId}&type=${type}`;
    return (await this.otklik.api.all<EventView>(path)).toReversed() as never;
  }

  /** What the team was told, in the order of the outbox. */
  due(conversationId: string): Promise<EventOf<'reminder.due'>[]> {
    return this.events(conversationId, 'reminder.due');
  }

  /** Waits until so many reminders of the conversation were sent, and nothing that is due is left. */
  async untilSent(conversationId: string, count: number): Promise<void> {
    await eventually(
      () => this.due(conversationId),
      (events) => events.length >= count,
    );
    await this.atRest();
  }

  /** Waits until nothing that is due is left. */
  async atRest(): Promise<void> {
    // The first may join a run that began before.
    for (let run = 0; run < 2; run++) await this.otklik.api.post('/api/system/processes/reminders/run', {});
  }

  async scheduler(): Promise<ProcessView | undefined> {
    const { body } = await this.otklik.api.get<{ data: ProcessView[] }>('/api/system/processes');
    return body.data.find(({ name }) => name === 'reminders');
  }

  /** From now on the event of this reminder cannot be written, as if its data were at fault. */
  async break(id: string | undefined): Promise<void> {
    await this.otklik.database.execute(`
      create function fail() returns trigger language plpgsql as $$
      begin
        if new.data ->> 'reminderId' = '${id}' then raise 'no such colour: mauve'; end if;
        return new;
      end $$;
      create trigger fail before insert on events for each row execute function fail()`);
  }

  async repair(): Promise<void> {
    await this.otklik.database.execute('drop trigger if exists fail on events; drop function if exists fail');
  }
}
