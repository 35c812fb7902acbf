import { once } from 'node:events';
import { Agent, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import type { Problem } from '../../src/http/problem.js';

/** What the server answered. */
export interface Answer<T> {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: T;
}

type Headers = Readonly<Record<string, string | readonly string[]>>;

/** A page of a list. */
export interface PageOf<T> {
  readonly data: T[];
  readonly nextCursor: string | null;
}

/**
 * A caller of the API, with an API key and connections that stay open. It sends exactly what it is told to:
 * paths are not tidied, bodies may be bytes that are no JSON.
 */
export class ApiClient {
  private readonly agent: Agent;

  constructor(
    private readonly url: string,
    private readonly key: string | undefined,
    agent?: Agent,
  ) {
    this.agent = agent ?? new Agent({ keepAlive: true });
  }

  /** The same server, called with another key, or with none. */
  withKey(key: string | undefined): ApiClient {
    return new ApiClient(this.url, key, this.agent);
  }

  get<T>(path: string, headers: Headers = {}): Promise<Answer<T>> {
    return this.send<T>('GET', path, { headers });
  }

  post<T>(path: string, body: unknown, headers: Headers = {}): Promise<Answer<T>> {
    const json = JSON.stringify(body);
    return this.send<T>('POST', path, {
      body: json,
      headers: { 'content-type': 'application/json', ...headers },
    });
  }

  delete<T>(path: string): Promise<Answer<T>> {
    return this.send<T>('DELETE', path);
  }

  /** A request that is refused. */
  refused(
    method: string,
    path: string,
    options: { body?: string | Buffer; headers?: Headers } = {},
  ): Promise<Answer<Problem>> {
    return this.send<Problem>(method, path, options);
  }

  /** Sends a request as it stands. An absent body is `undefined`, and so is one that is empty. */
  async send<T>(
    method: string,
    path: string,
    { body, headers = {}, signal }: { body?: string | Buffer; headers?: Headers; signal?: AbortSignal } = {},
  ): Promise<Answer<T>> {
    const { hostname, port } = new URL(this.url);
    const outgoing = request({
      agent: this.agent,
      hostname,
      port,
      method,
      path,
      headers: {
        ...(this.key !== undefined && { authorization: `Bearer ${this.key}` }),
        ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }),
        ...(headers as Record<string, string | string[]>),
      },
      ...(signal && { signal }),
    });
    outgoing.end(body);
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
    const text = await textOf(incoming);
    const isJson = incoming.headers['content-type']?.includes('json') ?? false;
    return {
      status: incoming.statusCode ?? 0,
      headers: incoming.headers,
      body: (isJson ? JSON.parse(text) : text || undefined) as T,
    };
  }

  /** Walks a list from its beginning to its end. */
  async all<T>(path: string): Promise<T[]> {
    const items: T[] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const next = cursor === undefined ? '' : `${path.includes('?') ? '&' : '?'}cursor=${cursor}`;
      const { status, body } = await this.get<PageOf<T>>(path + next);
      if (status !== 200) throw new Error(`${path} answered ${status}: ${JSON.stringify(body)}`);
      items.push(...body.data);
      cursor = body.nextCursor;
    }
    return items;
  }

  /** Lets its connections go. */
  close(): void {
    this.agent.destroy();
  }
}

/** All of the body; of a stream without end, what it begins with. */
async function textOf(incoming: IncomingMessage): Promise<string> {
  if (!incoming.headers['content-type']?.startsWith('text/event-stream')) {
    return Buffer.concat(await incoming.toArray()).toString('utf8');
  }
  // Leaving the loop closes it.
  for await (const beginning of incoming) return String(beginning);
  return '';
}
