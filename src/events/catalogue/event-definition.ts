import { z } from 'zod';

/** What there is to know about a type of event. */
export interface EventDefinition<Data extends z.ZodObject = z.ZodObject> {
  /** When it happens. */
  readonly description: string;
  /** Grows when the form of `data` changes so that a reader could break; a field more is no such change. */
  readonly version: number;
  /** The form of `data`. */
  readonly schema: Data;
  readonly example: z.output<Data>;
}

/** Describes a type of event; its example has the form of its schema, or does not compile. */
export function event<Data extends z.ZodObject>(definition: EventDefinition<Data>): EventDefinition<Data> {
  return definition;
}

export const time = () => z.iso.datetime();

export const conversationId = () => z.uuid().describe('the conversation that it is about');

export const clientId = () => z.string().describe("the caller's own name for the client");

export const EXAMPLE = {
  messageId: '019aa5c6-7b40-7c3e-9d51-2f6a8b1c4e70',
  replyId: '019aa5c8-1f00-7b21-9c43-5d6e7f8091a2',
  conversationId: '019aa5c6-7b41-7a02-8c11-6b7d9e0f1a2b',
  escalationId: '019aa5c6-7b46-7f3a-8e21-5a6b7c8d9e0f',
  reminderId: '019aa5c6-7b42-7d10-a3b4-1c2d3e4f5a6b',
  webhookId: '019aa5c9-3c50-7d22-8f10-7e8d9c0b1a2f',
  alertId: '019aa5ca-6a10-7c41-9e22-1f2a3b4c5d6e',
  clientId: 'shop-42',
} as const;
