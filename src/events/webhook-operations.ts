import { z } from 'zod';
import { convertSchema, type JsonSchema } from '../http/json-schema.js';
import { EVENT_CATALOGUE, EVENT_TYPES, type EventType } from './event-catalogue.js';

/** What endpoints are sent, as the OpenAPI document has it. */
interface WebhookOperations {
  readonly webhooks: Readonly<Record<string, { readonly post: JsonSchema }>>;
  /** The components that they refer to. */
  readonly schemas: Readonly<Record<string, JsonSchema>>;
}

const HEADERS = [
  header(
    'webhook-id',
    'the id of the event: the same on every attempt',
    '019aa5c6-7b43-7e20-9b1c-3f4a5b6c7d8e',
  ),
  header('webhook-timestamp', 'when this attempt was made, in seconds since 1970', '1795251600'),
  header(
    'webhook-signature',
    'by Standard Webhooks: one for each secret that is valid, with a space between two',
    'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=',
  ),
];

/** One for all, for the endpoint is not ours: the document says which headers our own answers have. */
const ANSWERS = {
  default: {
    description:
      '`2xx`: taken; answer at once, and do the work afterwards. `410`: gone, the endpoint is disabled. `408`, `425`, ' +
      '`429`, `5xx`, or no answer: it is tried again. Everything else: refused for good.',
  },
};

const BODIES = Object.fromEntries(
  EVENT_TYPES.map((type) => {
    const { description, schema } = EVENT_CATALOGUE[type];
    const body = z
      .object({
        type: z.literal(type),
        timestamp: z.iso.datetime().describe('when it happened'),
        data: schema,
      })
      .meta({ id: `${pascal(type)}Event`, description });
    return [type, convertSchema(body, { schemaType: 'output' })];
  }),
);

/** Every type of event as a request to an endpoint. */
export function webhookOperations(): WebhookOperations {
  return {
    webhooks: Object.fromEntries(EVENT_TYPES.map((type) => [type, { post: operation(type) }])),
    schemas: Object.assign({}, ...Object.values(BODIES).map((body) => body?.components)),
  };
}

function operation(type: EventType): JsonSchema {
  const { description, example } = EVENT_CATALOGUE[type];
  return {
    operationId: `on${pascal(type)}`,
    summary: type,
    description,
    tags: ['Events'],
    security: [],
    parameters: HEADERS,
    requestBody: {
      required: true,
      content: {
        'application/json': {
          schema: BODIES[type]?.schema,
          example: { type, timestamp: '2026-11-21T09:00:00.120Z', data: example },
        },
      },
    },
    responses: ANSWERS,
  };
}

function header(name: string, description: string, example: string): JsonSchema {
  return { name, in: 'header', required: true, description, schema: { type: 'string', examples: [example] } };
}

/** `message.received` as `MessageReceived`. */
function pascal(type: EventType): string {
  return type.replace(/(?:^|\.)(\w)/g, (_, letter: string) => letter.toUpperCase());
}
