import { type JsonSchema, standaloneSchema } from '../http/json-schema.js';
import { EVENT_CATALOGUE, EVENT_TYPES, type EventType } from './event-catalogue.js';

const INTRODUCTION = `# Events

<!-- Written by \`npm run events:docs\` from src/events/event-catalogue.ts; do not edit. -->

Whatever happens is an event, written in the transaction that makes it true: there is no event of what did not happen, and
nothing happens without one. Events come to others in three ways, and look the same in all of them: as requests to the
[endpoints](webhooks.md) that subscribed to them, in the list \`GET /api/events\`, and in the stream
\`GET /api/events/stream\`. Reading them needs the scope \`messages:read\`.

\`\`\`json
{
  "id": "019aa5c6-7b43-7e20-9b1c-3f4a5b6c7d8e",
  "type": "conversation.closed",
  "timestamp": "2026-11-21T09:30:00.000Z",
  "conversationId": "019aa5c6-7b41-7a02-8c11-6b7d9e0f1a2b",
  "traceId": "4bf92f3577b34da6a3ce929d0e0e4736",
  "data": {}
}
\`\`\`

\`id\` never changes: who gets an event twice knows it by that. \`traceId\` is the trace of the request that caused it, as in
the logs. \`data\` has the form of its type, below; \`GET /api/event-types\` has the same as JSON Schema. A type can gain
fields; what would break a reader raises its version.

## Order

Events have one order, in which the list (newest first), the stream and endpoints with \`ordered: true\` tell them. Within
one conversation, it is the order in which things happened. An event whose transaction commits late is waited for: nothing
that comes behind it is told before, and what was rolled back holds up nothing. Nobody who reads on from the last event
that was read misses one.

Sort by that order, not by \`timestamp\`: the times come from the clocks of several processes, and that of an event which had
to wait for another one of its client can be the earlier one by as long as it waited. Who receives webhooks without
\`ordered: true\` and needs the order takes it from \`GET /api/events?conversationId=…\`.

## Choosing

\`type\` takes types, exact or as a family, with commas between them: \`?type=message.*,reminder.due\`. \`conversationId\` takes
one conversation. A type that does not exist is refused.

## The stream

\`\`\`sh
curl --no-buffer -H "Authorization: Bearer $KEY" "http://127.0.0.1:3000/api/events/stream?type=message.*"
\`\`\`

\`\`\`text
retry: 1000

id: 019aa5c6-7b43-7e20-9b1c-3f4a5b6c7d8e
event: message.triaged
data: {"id":"019aa5c6-7b43-7e20-9b1c-3f4a5b6c7d8e","type":"message.triaged", … }

:
\`\`\`

- **It begins with what happens from now on.** With \`Last-Event-ID\`, which every client of server-sent events sends when it
  connects anew, it goes on behind that event, whatever happened meanwhile: a restart of Otklik or of the reader, or another
  process that answers. \`?lastEventId=\` is the same for callers that cannot set a header; the header wins. An id that no
  event has is refused with \`400\`.
- **It never ends by itself.** Where nothing happens, a comment (\`:\`) shows that it is alive each \`EVENT_STREAM_HEARTBEAT\`.
  A process that stops lets its readers go; connect anew, with the last id.
- **A slow reader** gets everything at its own pace: what it does not take is not gathered in memory, but read from the
  database once it does.
- A process has at most \`EVENT_STREAMS_MAX\` readers; one more is answered \`503\` with \`Retry-After\`. Events of other processes
  arrive within \`EVENT_STREAM_POLL_INTERVAL\`, those of the same one at once.
- \`EventSource\` in browsers cannot send an API key, and no key with \`messages:read\` belongs into a browser: let your own
  server read the stream.

## Types

`;

/** `docs/events.md`: how events are read, and every type of them. */
export function eventsPage(): string {
  const overview = EVENT_TYPES.map((type) => `- [\`${type}\`](#${type.replace('.', '')})\n`).join('');
  return `${INTRODUCTION}${overview}${EVENT_TYPES.map(section).join('')}`;
}

function section(type: EventType): string {
  const { description, version, schema, example } = EVENT_CATALOGUE[type];
  const root = standaloneSchema(schema);
  const rows = Object.entries(root.properties as Record<string, JsonSchema>).map(([name, property]) => {
    const { form, meaning } = field(property, (root.$defs ?? {}) as Record<string, JsonSchema>);
    return `| \`${name}\` | ${form} | ${meaning} |\n`;
  });
  return `
### ${type}

${description} Version ${version}.

| field | form | meaning |
| --- | --- | --- |
${rows.join('')}
\`\`\`json
${JSON.stringify(example, null, 2)}
\`\`\`
`;
}

function field(
  property: JsonSchema,
  definitions: Readonly<Record<string, JsonSchema>>,
): { form: string; meaning: string } {
  const alternatives = Array.isArray(property.anyOf) ? (property.anyOf as JsonSchema[]) : [property];
  const parts = alternatives.map(({ $ref, ...part }) => ({
    ...(typeof $ref === 'string' ? definitions[$ref.split('/').at(-1) ?? ''] : {}),
    ...part,
  }));
  const forms = parts.flatMap(formsOf);
  const meaning = property.description ?? parts[0]?.description ?? '';
  return { form: [...new Set(forms)].join(', '), meaning: String(meaning) };
}

function formsOf({ type, format, enum: values }: JsonSchema): string[] {
  const types = (Array.isArray(type) ? type : [type]) as string[];
  const isNullable = types.includes('null');
  const forms = Array.isArray(values)
    ? values.filter((value) => value !== null).map((value) => `\`${value}\``)
    : types.filter((name) => name !== 'null').map((name) => (format === undefined ? name : words(format)));
  return isNullable ? [...forms, 'null'] : forms;
}

function words(format: unknown): string {
  return format === 'date-time' ? 'time' : String(format);
}
