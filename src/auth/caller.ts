/** What an API key may be allowed to do. */
export const SCOPES = [
  'messages:read',
  'messages:write',
  'conversations:write',
  'reminders:manage',
  'webhooks:manage',
  'system:read',
  'system:manage',
  'keys:manage',
] as const;

export type Scope = (typeof SCOPES)[number];

/** Who makes a request: the owner of an API key. */
export interface Caller {
  /** The key's id: idempotency keys and rate limits belong to it. */
  readonly id: string;
  readonly name: string;
  readonly scopes: ReadonlySet<Scope>;
}

/** What reads metrics, whose key comes from the configuration (METRICS_TOKEN). */
export const METRICS_READER: Caller = {
  id: '00000000-0000-7000-8000-000000000001',
  name: 'metrics',
  scopes: new Set(['system:read']),
};

/** The administrator, whose key comes from the configuration. */
export const ADMINISTRATOR: Caller = {
  id: '00000000-0000-7000-8000-000000000000',
  name: 'administrator',
  scopes: new Set(SCOPES),
};
