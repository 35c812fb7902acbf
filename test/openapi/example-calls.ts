import type { ApiClient, PageOf } from '../support/api-client.js';
import { mediaOf, type Operation, type Parameter } from './document.js';

/** One request that the document gives as an example. */
export interface ExampleCall {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

/** Things that examples can be about; each is there, and nothing was done to it yet. */
export interface Subjects {
  readonly messageId: string;
  /** The one that wrote it. */
  readonly clientId: string;
  readonly conversationId: string;
  readonly apiKeyId: string;
  readonly reminderId: string;
  /** One of the same conversation that could not be sent. */
  readonly failedReminderId: string;
  /** One that an operator has claimed, of another conversation. */
  readonly escalationId: string;
  readonly eventId: string;
  /** One whose URL answers nobody. */
  readonly webhookId: string;
  readonly erasureId: string;
  /** One of that webhook. */
  readonly deliveryId: string;
  readonly replayId: string;
  readonly backupFilename: string;
}

/**
 * Every example of an operation as a request: without any option, then with each option alone, and with all.
 *
 * @param subjects new things for each request
 */
export async function exampleCalls(
  operation: Operation,
  api: ApiClient,
  subjects: () => Promise<Subjects>,
): Promise<ExampleCall[]> {
  const parameters = operation.parameters ?? [];
  const options = parameters.filter((parameter) => parameter.in !== 'path');
  const choices = [[], ...options.map((option) => [option]), ...(options.length > 1 ? [options] : [])];
  const calls: ExampleCall[] = [];
  for (const chosen of choices) calls.push(await exampleCall(operation, chosen, api, await subjects()));
  return calls;
}

async function exampleCall(
  operation: Operation,
  chosen: readonly Parameter[],
  api: ApiClient,
  subjects: Subjects,
): Promise<ExampleCall> {
  const url = new URL(pathFor(operation, subjects), 'http://otklik');
  const headers: Record<string, string> = {};
  for (const option of chosen.filter(({ name }) => name !== 'cursor')) {
    const value = argumentFor(option, subjects);
    if (option.in === 'query') url.searchParams.set(option.name, value);
    else headers[option.name.toLowerCase()] = value;
  }
  if (chosen.some(({ name }) => name === 'cursor')) await setCursor(url, api);
  const [type, media] = mediaOf(operation.requestBody?.content) ?? [];
  if (type !== undefined) headers['content-type'] = type;
  return {
    name: `${operation.operationId} with ${chosen.map(({ name }) => name).join(', ') || 'nothing optional'}`,
    method: operation.method.toUpperCase(),
    path: url.pathname + url.search,
    headers,
    ...(media && { body: media.example }),
  };
}

/** An operation's path, about something that exists. */
export function pathFor(operation: Operation, subjects: Subjects): string {
  return operation.path.replace(/\{(\w+)\}/g, (_, name: string) => {
    if (name === 'id') return idFor(operation, subjects);
    if (name === 'replayId') return subjects.replayId;
    if (name === 'filename') return subjects.backupFilename;
    // Others want to read the one of the examples afterwards.
    if (name === 'clientId' && operation.method === 'delete') return subjects.clientId;
    return String(exampleOf(operation.parameters?.find((parameter) => parameter.name === name)));
  });
}

function idFor({ path }: Operation, subjects: Subjects): string {
  if (path.startsWith('/api/messages/')) return subjects.messageId;
  if (path.startsWith('/api/conversations/')) return subjects.conversationId;
  if (path.startsWith('/api/escalations/')) return subjects.escalationId;
  if (path.startsWith('/api/api-keys/')) return subjects.apiKeyId;
  if (path === '/api/reminders/{id}/retry') return subjects.failedReminderId;
  if (path.startsWith('/api/reminders/')) return subjects.reminderId;
  if (path.startsWith('/api/erasures/')) return subjects.erasureId;
  if (path.startsWith('/api/webhooks/')) return subjects.webhookId;
  if (path.startsWith('/api/deliveries/')) return subjects.deliveryId;
  throw new Error(`No spec says what the id of ${path} is of.`);
}

/** A cursor belongs to one list with its filters: it takes one that this very list gives out, if it is long enough. */
async function setCursor(url: URL, api: ApiClient): Promise<void> {
  url.searchParams.set('limit', '1');
  const { body } = await api.get<PageOf<unknown>>(url.pathname + url.search);
  if (body.nextCursor !== null) url.searchParams.set('cursor', body.nextCursor);
}

function argumentFor(option: Parameter, subjects: Subjects): string {
  if (option.name === 'conversationId') return subjects.conversationId;
  if (option.name === 'after') return subjects.messageId;
  if (/^last-?event-?id$/i.test(option.name)) return subjects.eventId;
  return String(exampleOf(option));
}

function exampleOf(parameter: Parameter | undefined): unknown {
  const [example] = parameter?.schema.examples ?? [];
  if (example === undefined) throw new Error(`The parameter ${parameter?.name} has no example.`);
  return example;
}
