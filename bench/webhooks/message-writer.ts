import { randomMessageRequest } from '../message-request.js';
import type { OtklikApi } from './otklik-api.js';
import { CLOSINGS_PER_SECOND, MESSAGES_PER_SECOND, momentsOf } from './plan.js';

/** Writes messages of new clients at random moments for so many seconds, and closes a conversation now and then. */
export async function writeMessages(seconds: number, api: OtklikApi): Promise<void> {
  let latest: string | undefined;
  const write = async (): Promise<void> => {
    const { key, body } = randomMessageRequest('new');
    const message = await api.post<{ conversationId: string }>('/api/messages', 201, body, key);
    latest = message.conversationId;
  };
  const close = async (): Promise<void> => {
    const conversation = latest;
    if (conversation === undefined) return;
    latest = undefined;
    await api.post(`/api/conversations/${conversation}/close`, 200, JSON.stringify({ reason: 'solved' }));
  };
  const start = performance.now();
  const at = async (moment: number, work: () => Promise<void>): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, start + moment - performance.now()));
    await work();
  };
  await Promise.all([
    ...momentsOf(MESSAGES_PER_SECOND, seconds, Math.random).map((moment) => at(moment, write)),
    ...momentsOf(CLOSINGS_PER_SECOND, seconds, Math.random).map((moment) => at(moment, close)),
  ]);
}
