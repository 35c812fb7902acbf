import { randomUUID } from 'node:crypto';
import { Pool } from 'undici';
import { webhookBody } from '../../src/webhooks/signing/webhook-body.js';
import { signingKey } from '../../src/webhooks/signing/webhook-secret.js';
import { webhookSignature } from '../../src/webhooks/signing/webhook-signature.js';
import { serve } from './child-process.js';
import { EVENT_TYPE, eventData } from './event-rows.js';

/** As many as Otklik has under way to one endpoint (WEBHOOK_ENDPOINT_CONCURRENCY). */
export const IN_FLIGHT = 64;

interface Ready {
  readonly id: string;
  readonly body: Buffer;
}

let ready: Ready[] = [];

const bare = {
  /** Makes the very bodies that Otklik sends. */
  prepare: async (count: number): Promise<void> => {
    const occurredAt = new Date();
    ready = Array.from({ length: count }, (_, index) => ({
      id: randomUUID(),
      body: webhookBody({ eventType: EVENT_TYPE, occurredAt, data: eventData(index) }),
    }));
  },
  /** Signs and sends them, and reads the answers. @returns milliseconds */
  send: async (url: string, path: string, secret: string): Promise<number> => {
    const keys = [signingKey(secret)];
    const pool = new Pool(url, { connections: IN_FLIGHT });
    const left = ready.values();
    const work = async (): Promise<void> => {
      for (const { id, body } of left) {
        const timestamp = Math.floor(Date.now() / 1000);
        const answer = await pool.request({
          path,
          method: 'POST',
          body,
          headers: {
            'content-type': 'application/json',
            'webhook-id': id,
            'webhook-timestamp': String(timestamp),
            'webhook-signature': webhookSignature(id, timestamp, body, keys),
          },
        });
        await answer.body.dump();
        if (answer.statusCode !== 200) throw new Error(`The answer was ${answer.statusCode}.`);
      }
    };
    const start = performance.now();
    await Promise.all(Array.from({ length: IN_FLIGHT }, work));
    const elapsed = performance.now() - start;
    await pool.close();
    return elapsed;
  },
};

export type Bare = typeof bare;

serve(bare);
