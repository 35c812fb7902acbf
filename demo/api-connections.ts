import http from 'node:http';
import https from 'node:https';

export interface ApiAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

export interface ApiRequest {
  readonly method: 'GET' | 'POST';
  /** From the API's root, with its query: `/api/messages?limit=1`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** One HTTP request; rejects when the connection fails before the answer is complete. */
export type CallApi = (request: ApiRequest) => Promise<ApiAnswer>;

const ANSWER_TIMEOUT_MS = 30_000;

/** Keeps up to `connections` connections to one Otklik open. */
export class ApiConnections {
  private readonly agent: http.Agent;
  private readonly open: typeof http.request;

  constructor(
    private readonly url: string,
    private readonly key: string,
    connections: number,
  ) {
    const secure = url.startsWith('https:');
    const agentOptions = { keepAlive: true, maxSockets: connections };
    this.agent = secure ? new https.Agent(agentOptions) : new http.Agent(agentOptions);
    this.open = secure ? https.request : http.request;
  }

  readonly call: CallApi = ({ method, path, headers, body }) =>
    new Promise((resolve, reject) => {
      const request = this.open(`${this.url}${path}`, {
        method,
        agent: this.agent,
        headers: {
          accept: 'application/json',
          authorization: `Bearer ${this.key}`,
          ...headers,
          ...(body === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
        },
      });
      request.setTimeout(ANSWER_TIMEOUT_MS, () => {
        request.destroy(new Error(`no answer within ${ANSWER_TIMEOUT_MS / 1000} s`));
      });
      request.on('error', reject);
      request.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
        });
      });
      request.end(body);
    });

  close(): void {
    this.agent.destroy();
  }
}
