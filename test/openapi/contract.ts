import type { IncomingHttpHeaders } from 'node:http';
import { Ajv2020, type AnySchema, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { type JsonSchema, mapSchema } from '../../src/http/json-schema.js';
import type { Answer } from '../support/api-client.js';
import { type Document, mediaOf, type Operation } from './document.js';

/** The headers that the document speaks of; all others are HTTP's own. */
const OWN_HEADERS = [
  'X-Request-Id',
  'RateLimit-Policy',
  'RateLimit',
  'Retry-After',
  'WWW-Authenticate',
  'Idempotent-Replayed',
  'Preference-Applied',
];

/** What the definitions are called together. */
const DOCUMENT = 'document';

/** Sent only where the request asked for it. */
const ON_REQUEST = ['Preference-Applied'];

/** Holds answers against the document: status, content type, headers and body. */
export class Contract {
  private readonly ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true });
  private readonly validators = new WeakMap<JsonSchema, ValidateFunction>();

  constructor(private readonly document: Document) {
    formats.default(this.ajv);
    const definitions = Object.entries(document.components.schemas).map(([name, schema]) => [
      name,
      closed(schema),
    ]);
    this.ajv.addSchema({ $id: DOCUMENT, $defs: Object.fromEntries(definitions) });
  }

  /** What is wrong about an answer, as the document has it. */
  faultsOf(operation: Operation, { status, headers, body }: Answer<unknown>): string[] {
    const response = operation.responses[status];
    if (!response) return [`status ${status} is not documented: ${JSON.stringify(body)}`];
    const documented = Object.keys(response.headers ?? {});
    const faults = [
      ...this.faultsOfHeaders(documented, headers),
      ...(status < 400 ? missingHeaders(documented, headers) : []),
    ];
    const media = mediaOf(response.content);
    if (!media) return body === undefined ? faults : [...faults, `there is a body: ${JSON.stringify(body)}`];
    const [type, { schema }] = media;
    const sent = headers['content-type']?.split(';', 1)[0];
    if (sent !== type) faults.push(`the content type is ${sent}, not ${type}`);
    return [...faults, ...this.faultsOfValue(schema, body), ...unroundedIn(body)];
  }

  /** What is wrong about a value, as a schema of the document has it; a field that it does not name is wrong, too. */
  faultsOfValue(schema: JsonSchema, value: unknown): string[] {
    const validate = this.validators.get(schema) ?? this.ajv.compile(closed(schema));
    this.validators.set(schema, validate);
    validate(value);
    return (validate.errors ?? []).map((error) => describeError(error, value));
  }

  private faultsOfHeaders(documented: readonly string[], headers: IncomingHttpHeaders): string[] {
    const faults: string[] = [];
    for (const name of OWN_HEADERS) {
      const value = headers[name.toLowerCase()];
      const isDocumented = documented.includes(name);
      const header = this.document.components.headers[name];
      if (value !== undefined && !isDocumented) faults.push(`the header ${name} is not documented here`);
      if (value === undefined && isDocumented && header?.required)
        faults.push(`the header ${name} is missing`);
      if (value === undefined || !header) continue;
      const parsed = header.schema.type === 'integer' ? Number(value) : value;
      faults.push(...this.faultsOfValue(header.schema, parsed).map((fault) => `${name}: ${fault}`));
    }
    return faults;
  }
}

/** A schema that refers to the definitions, and closed: its objects have the fields that it names, no others. */
function closed(schema: JsonSchema): AnySchema {
  return mapSchema(schema, (part) => {
    const { $ref, ...rest } = part;
    if (typeof $ref === 'string')
      return { ...rest, $ref: $ref.replace('#/components/schemas/', `${DOCUMENT}#/$defs/`) };
    if (rest.properties === undefined || rest.additionalProperties !== undefined) return rest;
    return { ...rest, additionalProperties: false };
  });
}

/** Numbers that nobody has rounded: more than four decimals, or more than two of milliseconds. */
function unroundedIn(value: unknown, path = '', isMs = false): string[] {
  if (typeof value === 'number') {
    const decimals = String(value).split('.')[1]?.length ?? 0;
    return decimals > (isMs ? 2 : 4) ? [`${path} is not rounded: ${value}`] : [];
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) =>
    unroundedIn(child, `${path}/${key}`, /Ms$|^latency$/.test(key) || (isMs && /^(?:p\d+|max)$/.test(key))),
  );
}

function missingHeaders(documented: readonly string[], headers: IncomingHttpHeaders): string[] {
  return documented
    .filter((name) => !ON_REQUEST.includes(name) && headers[name.toLowerCase()] === undefined)
    .map((name) => `the header ${name} is missing`);
}

function describeError({ instancePath, message, params }: ErrorObject, value: unknown): string {
  return `${instancePath || 'the value'} ${message} ${JSON.stringify(params)} in ${JSON.stringify(value)}`;
}
