import { z } from 'zod';
import { PRIORITIES } from '../src/conversations/priority.js';

/** What the demo reads of a message that the API answers with; anything else in it may change freely. */
const acceptedMessage = z.object({
  id: z.string(),
  conversationId: z.string(),
  priority: z.enum(PRIORITIES).nullish(),
  category: z.string().nullish(),
  triage: z.object({ confidence: z.number().nullish() }).nullish(),
  isFirstMessage: z.boolean().nullish(),
  reminders: z.array(z.object({ id: z.string(), scheduledAt: z.string() })).default([]),
  duplicate: z.object({ of: z.string(), reason: z.string() }).nullish(),
});

const problem = z.object({
  title: z.string().nullish(),
  detail: z.string().nullish(),
  code: z.string().nullish(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).nullish(),
});

const messagePage = z.object({
  data: z.array(z.object({ id: z.string() })),
  nextCursor: z.string().nullish(),
});

export type AcceptedMessage = z.infer<typeof acceptedMessage>;

function fromJson<T>(schema: z.ZodType<T>, body: string): T | null {
  try {
    const parsed = schema.safeParse(JSON.parse(body));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/** `null` when the body is no message of the API. */
export const readAcceptedMessage = (body: string): AcceptedMessage | null => fromJson(acceptedMessage, body);

/** `null` when the body is no page of messages. */
export function readMessagePage(body: string): { ids: string[]; nextCursor: string | null } | null {
  const page = fromJson(messagePage, body);
  return page === null
    ? null
    : { ids: page.data.map((message) => message.id), nextCursor: page.nextCursor ?? null };
}

/** One line that says why the API refused: its problem detail, else the beginning of whatever it sent. */
export function readProblemDetail(status: number, body: string): string {
  const read = fromJson(problem, body);
  const said = read?.detail ?? read?.title;
  if (read === null || said === undefined || said === null) {
    const start = body.trim().slice(0, 120);
    return start === '' ? `HTTP ${status}` : `HTTP ${status}: ${start}`;
  }
  const [first] = read.errors ?? [];
  const where = first === undefined ? '' : ` (${first.path}: ${first.message})`;
  return `${read.code ?? `HTTP ${status}`}: ${said}${where}`;
}
