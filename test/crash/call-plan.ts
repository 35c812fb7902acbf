import { seededRandom } from '../../src/triage/training/seeded-random.js';
import type { Answer, Call } from './record.js';

const PHRASES = [
  'My card was stolen!',
  'Where is my parcel?',
  'How do I change my address?',
  'Мою карту украли, помогите!',
  'Когда придёт мой заказ?',
  'The payment was taken twice 💳',
  '<b>Refund</b> "please"; drop table messages',
];

/** What one connection of the load does next: the same for the same seed, as far as answers do not steer it. */
export class CallPlan {
  private readonly random: () => number;
  private readonly conversations: string[] = [];

  /**
   * @param seed of the whole run
   * @param connection which connection of the load it plans for
   */
  constructor(
    private readonly seed: number,
    connection: number,
    private readonly clients: number,
  ) {
    this.random = seededRandom(seed * 1_000 + connection);
  }

  next(number: number): Call {
    const dice = this.random();
    const conversation = this.conversations[Math.floor(this.random() * this.conversations.length)];
    if (conversation !== undefined && dice < 0.06) {
      return {
        number,
        action: 'reply',
        path: `/api/conversations/${conversation}/replies`,
        body: { content: `Reply ${number}`, author: 'operator', operatorId: 'crash-test' },
      };
    }
    if (conversation !== undefined && dice < 0.08) {
      return {
        number,
        action: 'close',
        path: `/api/conversations/${conversation}/close`,
        body: { reason: `call ${number}` },
      };
    }
    const body = {
      clientId: `crash-${this.seed}-${Math.floor(this.random() * this.clients)}`,
      // The number makes it unlike every other: no duplicate of anything but itself.
      content: `${this.pick(PHRASES)} (${number})`,
      channel: this.pick(['api', 'telegram', 'email']),
      metadata: { call: number, [this.pick(['заказ', 'order'])]: [null, { deep: 'ü' }] },
    };
    const key = dice < 0.8 ? `key-${number}` : undefined;
    return { number, action: 'message', path: '/api/messages', body, ...(key !== undefined && { key }) };
  }

  /** Whether the same request goes out twice at the same time, as a doubled click does. */
  isDoubled(): boolean {
    return this.random() < 0.05;
  }

  /** Milliseconds until the next call. */
  pause(): number {
    return this.random() * 40;
  }

  /** Milliseconds before a call is sent again. */
  backoff(attempt: number): number {
    return (0.5 + this.random()) * Math.min(20 * 2 ** attempt, 400);
  }

  /** Remembers a conversation that was heard of, to reply to it or close it later. */
  learn({ body }: Answer): void {
    if (typeof body.conversationId !== 'string') return;
    this.conversations.push(body.conversationId);
    if (this.conversations.length > 20) this.conversations.shift();
  }

  private pick<T>(items: readonly [T, ...T[]] | readonly T[]): T {
    const [first] = items;
    return items[Math.floor(this.random() * items.length)] ?? (first as T);
  }
}
