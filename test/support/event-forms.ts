import { EVENT_CATALOGUE, type EventType } from '../../src/events/event-catalogue.js';
import type { TestDatabase } from './test-database.js';

/** Specs that measure have more, all of them made up. */
const MOST = 20_000;

interface StoredEvent {
  readonly id: string;
  readonly type: string;
  readonly conversationId: string | null;
  readonly data: { readonly conversationId?: string };
}

/**
 * What is wrong about the events in a database, as the catalogue has it. Most are written inside PostgreSQL, where no
 * compiler looks, so every spec that writes some holds them to their forms. Rows without data are a spec's own.
 */
export async function faultsOfEvents(database: TestDatabase): Promise<string[]> {
  const events = await database.query<StoredEvent>(
    `select id, type, conversation_id as "conversationId", data from events
      where data::text <> '{}' order by position limit $1`,
    [MOST],
  );
  return events.length < MOST ? events.flatMap(faultsOf) : [];
}

function faultsOf({ id, type, conversationId, data }: StoredEvent): string[] {
  const definition = Object.hasOwn(EVENT_CATALOGUE, type) ? EVENT_CATALOGUE[type as EventType] : undefined;
  if (!definition) return [`${type} ${id}: the catalogue does not have this type`];
  const faults = (definition.schema.safeParse(data).error?.issues ?? []).map(
    ({ path, message }) => `${type} ${id}: ${path.join('.') || 'data'}: ${message}`,
  );
  if (conversationId !== (data.conversationId ?? null))
    faults.push(`${type} ${id}: it stands with the conversation ${conversationId}`);
  return faults;
}
