/** The headers of answers, as the OpenAPI document describes them. */
export const HEADERS = {
  'X-Request-Id': {
    description: "the caller's own, or the trace id: finds the request in the logs",
    required: true,
    schema: { type: 'string', examples: ['4bf92f3577b34da6a3ce929d0e0e4736'] },
  },
  'RateLimit-Policy': {
    description:
      'the limit that applies: `q` requests in `w` seconds (IETF draft); absent with RATE_LIMIT=off',
    schema: { type: 'string', examples: ['"messages";q=6000;w=60'] },
  },
  RateLimit: {
    description: 'what is left of it: `r` requests in the next `t` seconds',
    schema: { type: 'string', examples: ['"messages";r=5999;t=60'] },
  },
  'Retry-After': {
    description: 'seconds to wait before trying again',
    schema: { type: 'integer', minimum: 1, examples: [1] },
  },
  'WWW-Authenticate': {
    description: 'how to authenticate',
    schema: { type: 'string', examples: ['Bearer realm="otklik"'] },
  },
  'Idempotent-Replayed': {
    description: 'says that this is the answer of an earlier request',
    required: true,
    schema: { type: 'string', const: 'true' },
  },
  'Preference-Applied': {
    description: 'the wait that was granted, where `Prefer` asked for one',
    schema: { type: 'string', examples: ['wait=5'] },
  },
} as const;

export type HeaderName = keyof typeof HEADERS;

/** References to headers, as an answer of the document carries them. */
export function headers(...names: readonly HeaderName[]): Record<string, { $ref: string }> {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}
