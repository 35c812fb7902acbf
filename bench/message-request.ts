import { randomUUID } from 'node:crypto';
import { randomText } from './message-texts.js';

/** Who writes: one of 10,000 clients, who mostly have a conversation already, or a new client every time. */
export type Workload = 'returning' | 'new';

/** The same number as the floor's (pgbench.ts). */
export const RETURNING_CLIENTS = 10_000;

/** A request for `POST /api/messages` that no other one equals: key, client and words vary. */
export function randomMessageRequest(workload: Workload): { readonly key: string; readonly body: string } {
  const key = randomUUID();
  const number = Math.floor(Math.random() * RETURNING_CLIENTS) + 1;
  const clientId = workload === 'new' ? `new-${key}` : `shop-${number}`;
  const { content, language } = randomText();
  const body = {
    clientId,
    content,
    channel: 'api',
    client: { name: `Customer ${number}`, language },
    metadata: { order: `A-${number}`, page: '/checkout' },
  };
  return { key, body: JSON.stringify(body) };
}
