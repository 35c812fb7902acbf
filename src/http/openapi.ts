import type { INestApplication } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';
import * as swagger from '@nestjs/swagger';
import { applyDocumentation } from './api-documentation.js';
import { HEADERS } from './api-headers.js';
import { convertSchema, type JsonSchema, pluralExamples } from './json-schema.js';
import { completeOperations } from './operation-details.js';
import { problemSchema } from './problem.js';

const INTRODUCTION = `A customer's message goes in once, whole, and is never forgotten.

**Try it:** press *Authorize* and paste an API key (the first start of an embedded Otklik prints the
administrator's), then *POST /api/messages* → *Try it out* → *Execute*. Send it twice with the same
\`Idempotency-Key\`: the second answer says what it repeats.

Errors are RFC 9457 problems; lists take \`limit\` and \`cursor\`; times are ISO 8601 with zone.`;

/** Requests that are sent and not taken, with the components that they refer to. */
interface Outgoing {
  readonly webhooks: Readonly<Record<string, object>>;
  readonly schemas: Readonly<Record<string, JsonSchema>>;
}

/** The OpenAPI document: all of it comes from the controllers' descriptions and the zod schemas. */
export function createDocument(
  application: INestApplication,
  version: string,
  outgoing: Outgoing,
): OpenAPIObject {
  applyDocumentation(swagger);
  const base = new swagger.DocumentBuilder()
    .setTitle('Otklik')
    .setDescription(INTRODUCTION)
    .setVersion(version)
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .setOpenAPIVersion('3.1.0')
    .addServer('/', 'this server')
    .addSecurity('apiKey', {
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'otk_…',
      description: 'An API key. Each operation names the scope that the key must have.',
    })
    .addTag('Messages', 'Taking messages in, and reading them')
    .addTag('Conversations', 'Answering, closing and prioritising')
    .addTag('Clients', 'The people who write')
    .addTag('Reminders', 'What keeps a conversation from being forgotten')
    .addTag('Escalations', 'The queue of conversations that need a human now')
    .addTag('Events', 'What happened, in the order in which it is told')
    .addTag('API keys', 'Who may call')
    .addTag('System', 'For those who run it')
    .addTag('Health', 'For probes and people')
    .build();
  const document = swagger.SwaggerModule.createDocument(application, base, {
    standardSchemaConverter: convertSchema,
    operationIdFactory: (_controller, method) => method,
  });
  const schemas = {
    ...outgoing.schemas,
    ...document.components?.schemas,
    ...convertSchema(problemSchema, { schemaType: 'output' })?.components,
  };
  // Nest writes an empty one.
  const { contact: _contact, ...info } = document.info;
  const complete: OpenAPIObject = {
    ...document,
    info,
    components: {
      ...document.components,
      headers: HEADERS,
      schemas: Object.fromEntries(
        Object.entries(schemas).map(([name, schema]) => [name, pluralExamples(schema as JsonSchema)]),
      ),
    },
  };
  completeOperations(complete, application);
  // OpenAPI 3.1 has them, Nest's types do not.
  return Object.assign(complete, { webhooks: outgoing.webhooks });
}
