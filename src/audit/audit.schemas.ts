import { z } from 'zod';
import { pageOf, pageQuery } from '../http/pagination.js';
import { ACTOR_KINDS, type AuditEntry } from './audit-entry.js';

const HASH = /^[0-9a-f]{64}$/;

/** Differs from act to act. */
const detailsSchema = z.record(z.string(), z.unknown()).nullable();

export const auditEntrySchema = z
  .object({
    id: z.uuid(),
    number: z.int().min(1).describe('its place in the chain: one more than that of the entry before'),
    at: z.iso.datetime().describe('when it was done'),
    actor: z
      .object({
        kind: z
          .enum(ACTOR_KINDS)
          .describe('api_key: a caller; command: somebody at a shell; system: Otklik by itself'),
        id: z.uuid().nullable().describe('the id of the API key; null for the others'),
        name: z.string().describe('the name of the API key, or of the user of the shell'),
      })
      .describe('who did it'),
    address: z.string().describe('from where: the address of a caller, the host of the others'),
    traceId: z.string().nullable().describe('finds the request in the logs; null: it was none'),
    action: z.string().describe('what was done: a noun and a verb'),
    subject: z.string().nullable().describe('what it was done to; null: to the installation'),
    before: detailsSchema.describe('how it was before, without secrets; null: nothing is known of that'),
    after: detailsSchema.describe('how it was afterwards, without secrets; null: nothing is known of that'),
    previous: z.string().regex(HASH).describe('the hash of the entry before; of the first, zeros'),
    hash: z.string().regex(HASH).describe('SHA-256 of all of the above as canonical JSON (RFC 8785)'),
  })
  .meta({ id: 'AuditEntry' });

export type AuditEntryView = z.infer<typeof auditEntrySchema>;

export const auditPageSchema = pageOf(auditEntrySchema, 'AuditPage');

const timeSchema = z.iso.datetime({ offset: true });

export const listAuditSchema = z.strictObject({
  action: z
    .string()
    .regex(
      /^[a-z_]{1,64}\.[a-z_]{1,64}$/,
      'must be what was done, as a noun and a verb with a dot between them, such as api_key.created',
    )
    .optional()
    .describe('only what was done in this way')
    .meta({ example: 'api_key.created' }),
  subject: z
    .string()
    .min(1)
    .max(255)
    .optional()
    .describe('only what was done to this')
    .meta({ example: '019aa5c6-7b40-7c3e-9d51-2f6a8b1c4e70' }),
  actorId: z
    .uuid()
    .optional()
    .describe('only what was done with the API key of this id')
    .meta({ example: '00000000-0000-7000-8000-000000000000' }),
  since: timeSchema
    .optional()
    .describe('only what was done from then on')
    .meta({ example: '2026-11-01T00:00:00Z' }),
  until: timeSchema
    .optional()
    .describe('only what was done before then')
    .meta({ example: '2027-01-01T00:00:00Z' }),
  ...pageQuery,
  cursor: pageQuery.cursor.meta({
    example: Buffer.from(
      JSON.stringify(['audit', '2026-11-21T09:00:00.000Z', '019aa5c6-7b40-7c3e-9d51-2f6a8b1c4e70']),
    ).toString('base64url'),
  }),
});

export type ListAudit = z.infer<typeof listAuditSchema>;

export const EXAMPLE_AUDIT_ENTRY: AuditEntry & AuditEntryView = {
  id: '019aa5c6-7b50-7c3e-9d51-2f6a8b1c4e80',
  number: 17,
  at: '2026-11-21T09:00:00.000Z',
  actor: { kind: 'api_key', id: '00000000-0000-7000-8000-000000000000', name: 'administrator' },
  address: '192.0.2.7',
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  action: 'api_key.revoked',
  subject: '019aa5c6-7b40-7c3e-9d51-2f6a8b1c4e70',
  before: { name: 'shop', prefix: 'otk_p3Xq', scopes: ['messages:write', 'messages:read'] },
  after: null,
  previous: '7d865e959b2466918c9863afca942d0fb89d7c9ac0c99bafc3749504ded97730',
  hash: '0b3e9fdb7f0b0d9e36a3ee37a8f5c2e0d0b5f8b3a8b06b6a9c1d9b0d1f0a2c11',
};
