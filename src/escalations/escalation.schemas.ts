import { z } from 'zod';
import { prioritySchema } from '../conversations/priority.js';
import { pageOf, pageQuery } from '../http/pagination.js';

export const ESCALATION_STATUSES = ['waiting', 'claimed', 'resolved'] as const;
export type EscalationStatus = (typeof ESCALATION_STATUSES)[number];

export const ESCALATION_REASONS = ['triage', 'policy', 'manual', 'self_check'] as const;
export type EscalationReason = (typeof ESCALATION_REASONS)[number];

export const RESOLUTIONS = ['replied', 'closed'] as const;
export type Resolution = (typeof RESOLUTIONS)[number];

export const operatorIdSchema = z
  .string()
  .regex(/^[A-Za-z0-9._:@+-]{1,128}$/, 'must be 1 to 128 of A–Z a–z 0–9 . _ : @ + -')
  .describe('which operator');

export const escalationSchema = z
  .object({
    id: z.uuid(),
    conversationId: z.uuid().describe('the conversation that needs a human'),
    clientId: z.string().describe("the caller's own name for the client"),
    status: z
      .enum(ESCALATION_STATUSES)
      .describe('waiting: for an operator; claimed: one has it; resolved: answered or closed')
      .meta({ id: 'EscalationStatus' }),
    priority: prioritySchema,
    reason: z
      .enum(ESCALATION_REASONS)
      .describe(
        'triage: an urgent message; policy: a reminder of its level; manual: a person; self_check: it was forgotten',
      ),
    level: z.int().nullable().describe('of the reminder that escalated it'),
    note: z.string().nullable().describe('what the person who escalated it wrote'),
    createdAt: z.iso.datetime().describe('since when it is in the queue'),
    operatorId: z.string().nullable().describe('who has claimed it'),
    claimedAt: z.iso.datetime().nullable().describe('when it was claimed'),
    claimExpiresAt: z.iso
      .datetime()
      .nullable()
      .describe('when it goes back to the queue, unless it is answered'),
    resolvedAt: z.iso.datetime().nullable().describe('when it was answered or closed; null: it is open'),
    resolution: z.enum(RESOLUTIONS).nullable().describe('what resolved it'),
  })
  .meta({ id: 'Escalation' });

export type EscalationView = z.infer<typeof escalationSchema>;

export const escalationPageSchema = pageOf(escalationSchema, 'EscalationPage');

export const listEscalationsSchema = z.strictObject({
  ...pageQuery,
  status: z
    .enum(['waiting', 'claimed'])
    .optional()
    .describe('only those with this status; both where it is left out')
    .meta({ example: 'waiting' }),
});

export type ListEscalations = z.infer<typeof listEscalationsSchema>;

export const claimSchema = z
  .strictObject({ operatorId: operatorIdSchema })
  .meta({ id: 'ClaimEscalation', example: { operatorId: 'maria' } });

export type Claim = z.infer<typeof claimSchema>;

export const escalateSchema = z
  .strictObject({
    reason: z
      .string()
      .trim()
      .min(1)
      .max(1000)
      .refine(
        (text) => text.isWellFormed() && !/(?![\t\n\r])\p{Cc}/u.test(text),
        'must be text without control characters other than tab and line breaks',
      )
      .describe('why, for the operator who claims it; kept as its note'),
  })
  .meta({ id: 'Escalate', example: { reason: 'Asks for a manager.' } });

export type Escalate = z.infer<typeof escalateSchema>;

export const EXAMPLE_ESCALATION: EscalationView = {
  id: '019aa5c6-7b46-7f3a-8e21-5a6b7c8d9e0f',
  conversationId: '019aa5c6-7b41-7a02-8c11-6b7d9e0f1a2b',
  clientId: 'shop-42',
  status: 'waiting',
  priority: 'urgent',
  reason: 'triage',
  level: null,
  note: null,
  createdAt: '2026-11-21T09:00:00.120Z',
  operatorId: null,
  claimedAt: null,
  claimExpiresAt: null,
  resolvedAt: null,
  resolution: null,
};
