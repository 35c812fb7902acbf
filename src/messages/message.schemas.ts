import { z } from 'zod';
import { clientIdSchema } from '../clients/client.schemas.js';
import { prioritySchema } from '../conversations/priority.js';
import { pageOf, pageQuery } from '../http/pagination.js';
import { CONTENT_LIMIT, countCharacters, isStorable, normaliseContent } from './message-content.js';
import { METADATA_BYTES, metadataFault } from './message-metadata.js';

export const DIRECTIONS = ['inbound', 'outbound'] as const;
export type Direction = (typeof DIRECTIONS)[number];

export const AUTHORS = ['client', 'assistant', 'operator', 'system'] as const;
export type Author = (typeof AUTHORS)[number];

const directionSchema = z
  .enum(DIRECTIONS)
  .describe('inbound: from the client; outbound: to the client')
  .meta({ id: 'Direction' });

const authorSchema = z.enum(AUTHORS).describe('who wrote it; assistant is an AI').meta({ id: 'Author' });

/** What people write: any script and markup, kept exactly after normalisation. */
export const contentSchema = z
  .string()
  .superRefine((text, context) => {
    if (!text.isWellFormed())
      context.addIssue({ code: 'custom', message: 'has half of a surrogate pair: not Unicode text' });
  })
  .transform(normaliseContent)
  .superRefine((text, context) => {
    const characters = countCharacters(text, CONTENT_LIMIT);
    if (characters >= 1 && characters <= CONTENT_LIMIT) return;
    const found = characters === 0 ? 'nothing is left without control characters' : `it has ${characters}`;
    context.addIssue({ code: 'custom', message: `must have 1 to 10,000 characters; ${found}` });
  })
  .meta({
    description:
      '1 to 10,000 characters after NFC normalisation; control characters other than tab and newline are removed',
    minLength: 1,
  });

const shortText = (limit: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(limit)
    .refine((text) => isStorable(text) && !/\p{Cc}/u.test(text), 'must be text without control characters');

const profileSchema = z
  .strictObject({
    name: shortText(200).optional().describe('as people call the client'),
    email: z.email().max(254).optional().describe('where the client can be written to'),
    language: z
      .string()
      .regex(
        /^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,4}$/,
        'must be a language tag, such as en or pt-BR (BCP 47)',
      )
      .optional()
      .describe('the language that the client reads, as a BCP 47 tag'),
    timezone: z
      .string()
      .max(64)
      .refine(isTimezone, 'must be an IANA time zone, such as Europe/Riga')
      .optional()
      .describe('where the client lives, as an IANA time zone'),
  })
  .describe('what is known of the client; what is sent replaces what was known')
  .meta({ id: 'ClientProfile' });

/** ISO 8601 has a year 0, PostgreSQL's calendar has none. */
const FIRST_YEAR = Date.parse('0001-01-01T00:00:00Z');

const timestampSchema = z.iso
  .datetime({ offset: true, error: 'must be an ISO 8601 time with zone, such as 2026-11-21T09:00:00Z' })
  .refine((text) => Date.parse(text) >= FIRST_YEAR, 'is no time of the calendar')
  .describe('when the client wrote it; at most 5 minutes ahead (MESSAGE_CLOCK_SKEW)');

export const receiveMessageSchema = z
  .strictObject({
    clientId: clientIdSchema,
    content: contentSchema,
    timestamp: timestampSchema.optional(),
    channel: z
      .string()
      .regex(/^[a-z][a-z0-9_-]{0,31}$/, 'must be 1 to 32 of a–z 0–9 _ -, beginning with a letter')
      .default('api')
      .describe('where the message came from'),
    client: profileSchema.optional(),
    metadata: z
      .record(z.string(), z.unknown())
      .superRefine((metadata, context) => {
        const fault = metadataFault(metadata);
        if (fault) context.addIssue({ code: 'custom', message: fault });
      })
      .default({})
      .describe(`anything of the caller's own, at most ${METADATA_BYTES} bytes of JSON`),
  })
  .meta({
    id: 'ReceiveMessage',
    example: {
      clientId: 'shop-42',
      content: 'My card was stolen!',
      channel: 'api',
      client: { name: 'Anna Ozola', email: 'anna@shop.example', language: 'en', timezone: 'Europe/Riga' },
      metadata: { order: 'A-17' },
    },
  });

export type ReceiveMessage = z.infer<typeof receiveMessageSchema>;

/** Who may decide how urgent a message is. */
export const TRIAGE_SOURCES = ['offline'] as const;

export const triageSchema = z
  .object({
    source: z.enum(TRIAGE_SOURCES).describe('who decided'),
    confidence: z.number().min(0).max(1).describe('how sure the triage is'),
    status: z.enum(['done']).describe('whether more is to come'),
  })
  .meta({ id: 'Triage' });

export type TriageView = z.infer<typeof triageSchema>;

export const scheduledReminderSchema = z
  .object({
    id: z.uuid(),
    scheduledAt: z.iso.datetime().describe('when it is due'),
    level: z.int().min(0).describe('which reminder of its chain it is; 0: made by hand'),
  })
  .meta({ id: 'ScheduledReminder' });

export type ScheduledReminder = z.infer<typeof scheduledReminderSchema>;

export const messageSchema = z
  .object({
    id: z.uuid(),
    clientId: z.string().describe("the caller's own name for the client"),
    conversationId: z.uuid().describe('the dialogue that it belongs to'),
    direction: directionSchema,
    author: authorSchema,
    operatorId: z.string().nullable().describe('which operator, where one wrote it'),
    content: z.string().describe('what was written'),
    channel: z.string().describe('where it came from'),
    priority: prioritySchema.nullable().describe('null for outbound messages'),
    category: z.string().nullable().describe('null where the triage does not know'),
    triage: triageSchema
      .nullable()
      .describe('how its priority and category were decided; null for outbound messages'),
    isFirstMessage: z.boolean().describe("whether it is the client's very first"),
    metadata: z.record(z.string(), z.unknown()).describe("the caller's own, as it was sent"),
    timestamp: z.iso.datetime().describe('when it was written'),
    createdAt: z.iso.datetime().describe("when it came in; unique and growing within one client's messages"),
  })
  .meta({ id: 'Message' });

export type MessageView = z.infer<typeof messageSchema>;

export const receivedMessageSchema = messageSchema
  .extend({
    reply: messageSchema.nullable().describe('the first answer to it, if there is one yet'),
    reminders: z
      .array(scheduledReminderSchema)
      .describe('the reminders of the conversation that were pending once the message was in'),
    duplicate: z
      .object({
        of: z.uuid().describe('the id of the message that was stored'),
        reason: z.enum(['idempotency_key', 'same_content']).describe('by what it was recognised'),
        firstSeenAt: z.iso.datetime().describe('when that message came in'),
      })
      .meta({ id: 'Duplicate' })
      .nullable()
      .describe('set where this request repeated an earlier one, whose answer this is'),
  })
  .meta({ id: 'ReceivedMessage' });

export type ReceivedMessageView = z.infer<typeof receivedMessageSchema>;

export const messagePageSchema = pageOf(messageSchema, 'MessagePage');

export const listMessagesSchema = z.strictObject({
  ...pageQuery,
  clientId: clientIdSchema.optional(),
  conversationId: z
    .uuid()
    .optional()
    .describe('only those of this conversation')
    .meta({ example: '019aa5c6-7b41-7a02-8c11-6b7d9e0f1a2b' }),
  priority: prioritySchema.optional().describe('only those of this priority').meta({ example: 'urgent' }),
  direction: directionSchema.optional().describe('only those of this direction').meta({ example: 'inbound' }),
  after: z
    .uuid()
    .optional()
    .describe('a message id: everything newer, oldest first')
    .meta({ example: '019aa5c6-7b40-7c3e-9d51-2f6a8b1c4e70' }),
});

export type ListMessages = z.infer<typeof listMessagesSchema>;

export const correctTriageSchema = z
  .strictObject({
    priority: prioritySchema.optional().describe('what the priority should have been'),
    category: z
      .string()
      .regex(/^[A-Za-z0-9_?-]{1,64}$/, 'must be 1 to 64 of A–Z a–z 0–9 _ ? -')
      .optional()
      .describe('what the category should have been'),
  })
  .refine(
    (body) => body.priority !== undefined || body.category !== undefined,
    'say priority, category, or both',
  )
  .meta({
    id: 'CorrectTriage',
    minProperties: 1,
    example: { priority: 'urgent', category: 'lost_or_stolen_card' },
  });

export type CorrectTriage = z.infer<typeof correctTriageSchema>;

const knownTimezones = new Map<string, boolean>();
const TIMEZONES_REMEMBERED = 1_000;

function isTimezone(name: string): boolean {
  const known = knownTimezones.get(name);
  if (known !== undefined) return known;
  const found = /^[A-Za-z]/.test(name) && canFormatIn(name);
  if (knownTimezones.size < TIMEZONES_REMEMBERED) knownTimezones.set(name, found);
  return found;
}

function canFormatIn(timeZone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone });
    return true;
  } catch {
    // That is how the platform says that there is no such zone.
    return false;
  }
}

export const EXAMPLE_MESSAGE: MessageView = {
  id: '019aa5c6-7b40-7c3e-9d51-2f6a8b1c4e70',
  clientId: 'shop-42',
  conversationId: '019aa5c6-7b41-7a02-8c11-6b7d9e0f1a2b',
  direction: 'inbound',
  author: 'client',
  operatorId: null,
  content: 'My card was stolen!',
  channel: 'api',
  priority: 'urgent',
  category: 'lost_or_stolen_card',
  triage: { source: 'offline', confidence: 0.93, status: 'done' },
  isFirstMessage: true,
  metadata: { order: 'A-17' },
  timestamp: '2026-11-21T09:00:00.000Z',
  createdAt: '2026-11-21T09:00:00.120Z',
};

export const EXAMPLE_RECEIVED: ReceivedMessageView = {
  ...EXAMPLE_MESSAGE,
  reply: null,
  reminders: [
    { id: '019aa5c6-7b42-7d10-a3b4-1c2d3e4f5a6b', scheduledAt: '2026-11-21T09:05:00.120Z', level: 1 },
    { id: '019aa5c6-7b42-7d11-b5c6-2d3e4f5a6b7c', scheduledAt: '2026-11-21T09:15:00.120Z', level: 2 },
    { id: '019aa5c6-7b42-7d12-8d7e-3e4f5a6b7c8d', scheduledAt: '2026-11-21T10:00:00.120Z', level: 3 },
  ],
  duplicate: null,
};

export const EXAMPLE_REPLY: MessageView = {
  ...EXAMPLE_MESSAGE,
  id: '019aa5c8-1f00-7b21-9c43-5d6e7f8091a2',
  direction: 'outbound',
  author: 'operator',
  operatorId: 'maria',
  content: 'Your card is blocked; a new one is on its way.',
  priority: null,
  category: null,
  triage: null,
  isFirstMessage: false,
  metadata: {},
  timestamp: '2026-11-21T09:02:00.000Z',
  createdAt: '2026-11-21T09:02:00.000Z',
};
