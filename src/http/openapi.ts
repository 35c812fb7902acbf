import type { INestApplication } from '@nestjs/common';
import {
  DocumentBuilder,
  type OpenAPIObject,
  type StandardSchemaConverter,
  SwaggerModule,
} from '@nestjs/swagger';
import { z } from 'zod';
import { problemSchema } from './problem.js';

type JsonSchema = Record<string, unknown>;

const INTRODUCTION = `A customer's message goes in once, whole, and is never forgotten.

**Try it:** press *Authorize* and paste an API key (the first start of an embedded Otklik prints the
administrator's), then *POST /api/messages* → *Try it out* → *Execute*. Send it twice with the same
\`Idempotency-Key\`: the second answer says what it repeats.

Errors are RFC 9457 problems; lists take \`limit\` and \`cursor\`; times are ISO 8601 with zone.`;

/** The OpenAPI document: all of it comes from the controllers' descriptions and the zod schemas. */
export function createDocument(application: INestApplication, version: string): OpenAPIObject {
  const base = new DocumentBuilder()
    .setTitle('Otklik')
    .setDescription(INTRODUCTION)
    .setVersion(version)
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .setOpenAPIVersion('3.1.0')
    .addServer('/')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'An API key: `otk_…`' }, 'apiKey')
    .addTag('Messages', 'Taking messages in, and reading them')
    .addTag('Conversations', 'Answering, closing and prioritising')
    .addTag('Clients', 'The people who write')
    .addTag('Reminders', 'What keeps a conversation from being forgotten')
    .addTag('Events', 'What happened, in the order in which it is told')
    .addTag('API keys', 'Who may call')
    .addTag('Health', 'For probes and people')
    .build();
  const document = SwaggerModule.createDocument(application, base, {
    standardSchemaConverter: convertSchema,
    operationIdFactory: (_controller, method) => method,
  });
  const problems = convertSchema(problemSchema, { schemaType: 'output' });
  const schemas = { ...document.components?.schemas, ...problems?.components };
  return { ...document, components: { ...document.components, schemas } };
}

/** Serves the document at `/openapi.json` and Swagger UI at `/docs`. */
export function serveDocument(application: INestApplication, document: OpenAPIObject): void {
  SwaggerModule.setup('docs', application, document, {
    jsonDocumentUrl: 'openapi.json',
    yamlDocumentUrl: 'openapi.yaml',
    customSiteTitle: 'Otklik API',
    swaggerOptions: {
      persistAuthorization: true,
      displayRequestDuration: true,
      tryItOutEnabled: true,
      defaultModelsExpandDepth: 0,
      tagsSorter: undefined,
    },
  });
}

/** JSON Schema 2020-12, as OpenAPI 3.1 has it; schemas with an id become components. */
const convertSchema: StandardSchemaConverter = (schema, { schemaType }) => {
  if (!(schema instanceof z.ZodType)) return undefined;
  const { $schema, $defs, id, ...root } = z.toJSONSchema(schema, {
    io: schemaType,
    unrepresentable: 'any',
    override: ({ jsonSchema }) => tidy(jsonSchema as JsonSchema),
  }) as JsonSchema & { $defs?: Record<string, JsonSchema>; id?: string };
  const components = Object.fromEntries(
    Object.entries($defs ?? {}).map(([name, { id: _id, ...definition }]) => [name, definition]),
  );
  if (id === undefined) return { schema: root, components };
  return { schema: { $ref: `#/components/schemas/${id}` }, components: { ...components, [id]: root } };
};

/** Leaves out what says nothing to a reader: safe integers' bounds, and patterns that a format already names. */
function tidy(schema: JsonSchema): void {
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  if (typeof schema.format === 'string') delete schema.pattern;
}
