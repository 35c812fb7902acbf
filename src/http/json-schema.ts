import type { StandardSchemaConverter } from '@nestjs/swagger';
import { z } from 'zod';

export type JsonSchema = Record<string, unknown>;

/** JSON Schema 2020-12, as OpenAPI 3.1 has it; schemas with an id become components. */
export const convertSchema: StandardSchemaConverter = (schema, { schemaType }) => {
  if (!(schema instanceof z.ZodType)) return undefined;
  const raw = z.toJSONSchema(schema, { io: schemaType, unrepresentable: 'any' }) as JsonSchema;
  const { $schema, $defs, id, ...root } = mapSchema(raw, (part) => withinDocument(tidy(part, schemaType)));
  const components = Object.fromEntries(
    Object.entries(($defs ?? {}) as Record<string, JsonSchema>).map(([name, definition]) => {
      // zod's name for a recursive schema without an id: nothing that an SDK should call its type.
      if (name.startsWith('__'))
        throw new Error(`A schema within ${id ?? 'a request'} needs an id (${name}).`);
      const { id: _id, ...rest } = definition;
      return [name, rest];
    }),
  );
  if (typeof id !== 'string') return { schema: root, components };
  return { schema: { $ref: `#/components/schemas/${id}` }, components: { ...components, [id]: root } };
};

/** What a value that is shown looks like, for whoever has the schema alone and not the document. */
export function standaloneSchema(schema: z.ZodType): JsonSchema {
  return mapSchema(z.toJSONSchema(schema) as JsonSchema, (part) => tidy(part, 'output'));
}

/** Rewrites a schema and every schema within it, the innermost first. */
export function mapSchema(schema: JsonSchema, rewrite: (schema: JsonSchema) => JsonSchema): JsonSchema {
  const within = (child: unknown): unknown => (isObject(child) ? mapSchema(child, rewrite) : child);
  const mapped = Object.entries(schema).map(([keyword, value]) => {
    if (['properties', '$defs'].includes(keyword) && isObject(value)) {
      return [
        keyword,
        Object.fromEntries(Object.entries(value).map(([name, child]) => [name, within(child)])),
      ];
    }
    if (['anyOf', 'oneOf', 'allOf'].includes(keyword) && Array.isArray(value))
      return [keyword, value.map(within)];
    if (['items', 'additionalProperties', 'propertyNames'].includes(keyword)) return [keyword, within(value)];
    return [keyword, value];
  });
  return rewrite(Object.fromEntries(mapped));
}

/** Says the same in the words that readers and generators of clients understand best. */
function tidy(schema: JsonSchema, io: 'input' | 'output'): JsonSchema {
  const tidied = { ...schema };
  if (tidied.maximum === Number.MAX_SAFE_INTEGER) delete tidied.maximum;
  if (tidied.minimum === Number.MIN_SAFE_INTEGER) delete tidied.minimum;
  // The format names it already.
  if (typeof tidied.format === 'string') delete tidied.pattern;
  // The names of JSON's properties are strings, always.
  if (isExactly(tidied.propertyNames, { type: 'string' })) delete tidied.propertyNames;
  if (isExactly(tidied.additionalProperties, {})) tidied.additionalProperties = true;
  // Answers may gain fields one day, and no client should break of it.
  if (io === 'output' && tidied.additionalProperties === false) delete tidied.additionalProperties;
  return foldNull(tidied);
}

function withinDocument({ $ref, ...schema }: JsonSchema): JsonSchema {
  if (typeof $ref !== 'string') return schema;
  return { ...schema, $ref: $ref.replace('#/$defs/', '#/components/schemas/') };
}

/** `anyOf: [{ type: 'string', … }, { type: 'null' }]` as `type: ['string', 'null'], …`. */
function foldNull(schema: JsonSchema): JsonSchema {
  const { anyOf, ...rest } = schema;
  if (!Array.isArray(anyOf) || anyOf.length !== 2 || !isExactly(anyOf[1], { type: 'null' })) return schema;
  const [{ type, enum: values, ...form }] = anyOf as [JsonSchema];
  if (typeof type !== 'string' || type === 'object') return schema;
  const folded = { type: [type, 'null'], ...form, ...rest };
  return Array.isArray(values) ? { ...folded, enum: [...values, null] } : folded;
}

/** `example`, which Nest writes, as the `examples` of JSON Schema. */
export function pluralExamples(schema: JsonSchema): JsonSchema {
  return mapSchema(schema, ({ example, ...rest }) =>
    example === undefined ? rest : { ...rest, examples: [example] },
  );
}

function isObject(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isExactly(value: unknown, expected: object): boolean {
  return JSON.stringify(value) === JSON.stringify(expected);
}
