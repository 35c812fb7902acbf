import { z } from 'zod';
import { EVENT_TYPES } from '../events/event-catalogue.js';

const FAMILIES = [...new Set(EVENT_TYPES.map(familyOf))];
const SUBSCRIBABLE: ReadonlySet<string> = new Set([...EVENT_TYPES, ...FAMILIES]);

const MOST = 100;

/** The event types that somebody asks for: exact ones, or `message.*` for all of a kind. Each is told of once. */
export const subscribedTypesSchema = z
  .array(
    z
      .string()
      .refine(
        (type) => SUBSCRIBABLE.has(type),
        `must be an event type, one of ${EVENT_TYPES.join(', ')}; or all of a kind, one of ${FAMILIES.join(', ')}`,
      ),
  )
  .min(1, 'must name one type at least; null means all')
  .max(MOST)
  .transform(withoutRepetitions)
  .meta({ description: 'event types, such as message.received, or message.* for all of a kind' });

/** What says something that the others do not, in the order given. */
function withoutRepetitions(types: readonly string[]): string[] {
  const all = new Set(types);
  return [...all].filter((type) => type.endsWith('.*') || !all.has(familyOf(type)));
}

function familyOf(type: string): string {
  return `${type.split('.', 1)[0]}.*`;
}
