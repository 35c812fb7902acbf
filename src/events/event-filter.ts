import { z } from 'zod';
import { EVENT_TYPES, type EventType } from './event-catalogue.js';

/** Which events somebody wants; what is absent restricts nothing. */
export interface EventFilter {
  readonly type?: readonly EventType[] | undefined;
  readonly conversationId?: string | undefined;
}

const FAMILIES: readonly string[] = [...new Set(EVENT_TYPES.map((type) => `${type.split('.', 1)[0]}.*`))];

/** The query parameters of whatever can be restricted to some events. */
export const eventFilterQuery = {
  type: z
    .string()
    .transform((text, context): EventType[] => {
      const wanted = text.split(',').map((type) => type.trim());
      const unknown = wanted.filter((type) => typesOf(type).length === 0);
      for (const type of unknown) {
        context.addIssue({
          code: 'custom',
          message: `"${type}" is no event type: there are ${EVENT_TYPES.join(', ')}, and ${FAMILIES.join(', ')}`,
        });
      }
      return [...new Set(wanted.flatMap(typesOf))];
    })
    .optional()
    .describe('only those of these types: exact, or all of a family (`message.*`); several with commas')
    .meta({ example: 'message.*,reminder.due' }),
  conversationId: z
    .uuid()
    .optional()
    .describe('only those of this conversation')
    .meta({ example: '019aa5c6-7b41-7a02-8c11-6b7d9e0f1a2b' }),
};

function typesOf(wanted: string): readonly EventType[] {
  if (!wanted.endsWith('.*')) return EVENT_TYPES.filter((type) => type === wanted);
  return EVENT_TYPES.filter((type) => type.startsWith(wanted.slice(0, -1)));
}

export function isWanted(
  event: { readonly type: EventType; readonly conversationId: string | null },
  { type, conversationId }: EventFilter,
): boolean {
  if (type !== undefined && !type.includes(event.type)) return false;
  return conversationId === undefined || event.conversationId === conversationId;
}
