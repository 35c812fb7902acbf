import type { CreatedApiKey } from '../../src/auth/api-key.schemas.js';
import { ApiClient } from '../support/api-client.js';

/** One who writes and reads all the time, with a key of his own, and notes whatever is not as it should be. */
export class Visitor {
  /** The ids of the messages that were accepted. */
  readonly accepted: string[] = [];
  readonly faults: string[] = [];
  /** How many requests there were. */
  requests = 0;

  private constructor(
    private readonly api: ApiClient,
    private readonly clientId: string,
  ) {}

  static async create(administrator: ApiClient, url: string, number: number): Promise<Visitor> {
    const { body } = await administrator.post<CreatedApiKey>('/api/api-keys', {
      name: `visitor ${number}`,
      scopes: ['messages:read', 'messages:write'],
    });
    return new Visitor(new ApiClient(url, body.key), `visitor-${number}`);
  }

  /** Goes on until it is told to stop. */
  async visit(isOver: () => boolean): Promise<void> {
    for (let number = 0; !isOver(); number++) {
      await this.write(`Message ${number}`);
      await this.readOwn();
      await this.call('GET', '/api/conversations?status=open&limit=20');
      await this.call('GET', '/api/events?limit=20');
    }
    this.api.close();
  }

  /** Only reads, until it is told to stop. */
  async watch(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      await this.call('GET', '/api/conversations?limit=20');
      await this.call('GET', '/api/messages?limit=20');
    }
    this.api.close();
  }

  private async write(content: string): Promise<void> {
    const message = await this.call<{ id: string }>('POST', '/api/messages', {
      clientId: this.clientId,
      content,
    });
    if (message) this.accepted.push(message.id);
  }

  /** Whichever process answers, and wherever it reads: what was accepted is there. */
  private async readOwn(): Promise<void> {
    const page = await this.call<{ data: { id: string }[] }>(
      'GET',
      `/api/messages?clientId=${this.clientId}&limit=1`,
    );
    const newest = this.accepted.at(-1);
    if (page && page.data[0]?.id !== newest) {
      this.faults.push(`${this.clientId} wrote ${newest} and read ${page.data[0]?.id ?? 'nothing'}`);
    }
  }

  private async call<T>(method: 'GET' | 'POST', path: string, body?: object): Promise<T | undefined> {
    this.requests++;
    try {
      const answer = method === 'GET' ? await this.api.get<T>(path) : await this.api.post<T>(path, body);
      if (answer.status < 300) return answer.body;
      this.faults.push(`${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    } catch (error) {
      this.faults.push(`${method} ${path} failed: ${String(error)}`);
    }
    return undefined;
  }
}
