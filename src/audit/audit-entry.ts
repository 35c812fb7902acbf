import { hash } from 'node:crypto';
import { canonicalJson } from '../json/canonical-json.js';

/** Who acts: the holder of an API key, somebody with a command at a shell, or Otklik by itself. */
export const ACTOR_KINDS = ['api_key', 'command', 'system'] as const;

export interface Actor {
  readonly kind: (typeof ACTOR_KINDS)[number];
  /** Of the API key. */
  readonly id: string | null;
  readonly name: string;
}

/** How something is, by names; what names there are depends on the act. */
export type Details = Readonly<Record<string, unknown>>;

/** What an entry says. Its hash is made of all of it, as JSON: a new field would be another formula. */
export interface AuditContent {
  readonly id: string;
  /** One more than that of the entry before. */
  readonly number: number;
  /** ISO 8601, in UTC, with milliseconds. */
  readonly at: string;
  readonly actor: Actor;
  readonly address: string;
  readonly traceId: string | null;
  /** `noun.verb`. */
  readonly action: string;
  readonly subject: string | null;
  readonly before: Details | null;
  readonly after: Details | null;
  /** The hash of the entry before. */
  readonly previous: string;
}

export interface AuditEntry extends AuditContent {
  readonly hash: string;
}

/** What stands in the first entry as the hash of the one before. */
export const NO_ENTRY = '0'.repeat(64);

/** The formula of docs/audit.md: SHA-256, in hexadecimal, over the canonical JSON of what the entry says. */
export function hashOf({
  id,
  number,
  at,
  actor,
  address,
  traceId,
  action,
  subject,
  before,
  after,
  previous,
}: AuditContent): string {
  const { kind, id: keyId, name } = actor;
  const content = { id, number, at, actor: { kind, id: keyId, name }, address, traceId };
  return hash('sha256', canonicalJson({ ...content, action, subject, before, after, previous }), 'hex');
}
