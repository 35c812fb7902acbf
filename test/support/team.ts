import type { ConversationView } from '../../src/conversations/conversation.schemas.js';
import type { ReceivedMessageView } from '../../src/messages/message.schemas.js';
import { seededRandom } from '../../src/triage/training/seeded-random.js';
import type { ApiClient } from './api-client.js';

const WORDS = ['My card was stolen!', 'I was charged twice for the same order', 'zxqv wrblk', 'Hello'];
const PRIORITIES = ['low', 'normal', 'high', 'urgent'] as const;

/** What went on beside the reminders: all of it was acknowledged. */
export interface Deeds {
  messages: number;
  replies: number;
  closings: number;
  priorities: number;
  byHand: number;
  claims: number;
  policies: number;
}

/** Policies that remind within seconds, so that a run has thousands of reminders. */
const HASTY = [
  { delays: ['PT0.4S', 'PT0.9S', 'PT1.6S'], repeatEvery: 'PT1S', escalateAtLevel: 2 },
  { delays: ['PT0.6S', 'PT1.3S'], repeatEvery: 'PT1.2S', escalateAtLevel: null },
  { delays: ['PT0.3S', 'PT0.7S', 'PT1S', 'PT1.5S'], repeatEvery: null, escalateAtLevel: 3 },
];

/** After this, nothing new comes due for an hour. */
const CALM = { delays: ['PT1H'], repeatEvery: 'PT1H', escalateAtLevel: null };

/** Clients who write, a team that answers some of them, and an administrator who cannot leave the policies alone. */
export class Team {
  readonly deeds: Deeds = {
    messages: 0,
    replies: 0,
    closings: 0,
    priorities: 0,
    byHand: 0,
    claims: 0,
    policies: 0,
  };
  private readonly random: () => number;
  private readonly conversations: { clientId: string; id: string }[] = [];
  private working = true;

  constructor(
    private readonly api: ApiClient,
    seed: number,
    /** How many requests are under way at once. */
    private readonly parallel: number,
  ) {
    this.random = seededRandom(seed + 1);
  }

  /** Makes the policies hasty, and opens so many conversations. */
  async begin(conversations: number): Promise<void> {
    await this.setPolicies(() => HASTY[0] ?? CALM);
    let next = 0;
    await Promise.all(
      Array.from({ length: this.parallel }, async () => {
        while (next < conversations) await this.write(`client-${next++}`);
      }),
    );
  }

  /** Goes on until `rest`, one thing after the other, several at once. */
  async work(): Promise<void> {
    await Promise.all(
      Array.from({ length: this.parallel }, async () => {
        while (this.working) await this.doSomething();
      }),
    );
  }

  /** Ends the work; from the answer on, nothing new comes due. */
  async rest(): Promise<void> {
    this.working = false;
    await this.setPolicies(() => CALM);
  }

  private async doSomething(): Promise<void> {
    const conversation = this.pick(this.conversations);
    const path = `/api/conversations/${conversation.id}`;
    const dice = this.random();
    if (dice < 0.35) {
      await this.write(conversation.clientId);
    } else if (dice < 0.6) {
      const reply = { content: 'We are looking into it.', author: 'operator', operatorId: 'anna' };
      if (await this.post(`${path}/replies`, reply)) this.deeds.replies++;
    } else if (dice < 0.7) {
      if (await this.post(`${path}/close`, { reason: 'solved' })) this.deeds.closings++;
    } else if (dice < 0.8) {
      if (await this.post(`${path}/priority`, { priority: this.pick(PRIORITIES) })) this.deeds.priorities++;
    } else if (dice < 0.88) {
      const scheduledAt = new Date(Date.now() + 300 + this.random() * 1_500).toISOString();
      if (await this.post(`${path}/reminders`, { scheduledAt, note: 'call back' })) this.deeds.byHand++;
    } else if (dice < 0.995) {
      if (await this.post('/api/escalations/claim', { operatorId: 'anna' })) this.deeds.claims++;
    } else {
      await this.setPolicies(() => this.pick(HASTY));
    }
  }

  private async write(clientId: string): Promise<void> {
    const content = `${this.pick(WORDS)} ${this.deeds.messages}-${this.random()}`;
    const { status, body } = await this.api.post<ReceivedMessageView>('/api/messages', { clientId, content });
    if (status === 503) return;
    if (status !== 201) throw new Error(`A message was answered ${status}: ${JSON.stringify(body)}`);
    this.deeds.messages++;
    const known = this.conversations.find((conversation) => conversation.clientId === clientId);
    if (known) known.id = body.conversationId;
    else this.conversations.push({ clientId, id: body.conversationId });
  }

  /** That a conversation was closed meanwhile, or a connection to the database lost, is no fault. */
  private async post(path: string, body: unknown): Promise<boolean> {
    const answer = await this.api.post<Partial<ConversationView>>(path, body);
    if (answer.status >= 500 && answer.status !== 503) throw new Error(`${path} answered ${answer.status}`);
    return answer.status < 300 && answer.status !== 204;
  }

  private async setPolicies(choose: () => object): Promise<void> {
    for (const priority of PRIORITIES) {
      const policy = { businessHours: null, ...choose() };
      const path = `/api/reminder-policies/${priority}`;
      const request = { body: JSON.stringify(policy), headers: { 'content-type': 'application/json' } };
      let { status, body } = await this.api.send('PUT', path, request);
      while (status === 503) ({ status, body } = await this.api.send('PUT', path, request));
      if (status !== 200) throw new Error(`The policy was answered ${status}: ${JSON.stringify(body)}`);
      this.deeds.policies++;
    }
  }

  private pick<T>(items: readonly T[]): T {
    const item = items[Math.floor(this.random() * items.length)];
    if (item === undefined) throw new Error('There is nothing to pick from.');
    return item;
  }
}
