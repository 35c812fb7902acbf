import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';

/** The part of a reported event that specs look at. */
export interface ReportedEvent {
  readonly event_id: string;
  readonly transaction: string;
  readonly environment: string;
  readonly exception: { readonly values: readonly { type: string; value: string; stacktrace?: object }[] };
  readonly contexts?: { readonly trace: { readonly trace_id: string } };
}

/** A server that takes envelopes as Sentry does, and refuses what is none. */
export class SentryServer {
  readonly events: ReportedEvent[] = [];
  readonly faults: string[] = [];
  /** What it answers from now on; undefined: it says nothing. */
  answer: { status: number; headers?: Record<string, string> } | undefined = { status: 200 };
  requests = 0;

  private constructor(private readonly server: Server) {}

  static async start(): Promise<SentryServer> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const sentry = new SentryServer(server);
    server.on('request', (request, response) => {
      sentry.requests++;
      void request.toArray().then((chunks) => {
        sentry.take(request.url ?? '', request.headers, Buffer.concat(chunks));
        if (sentry.answer) response.writeHead(sentry.answer.status, sentry.answer.headers).end('{}');
      });
    });
    return sentry;
  }

  get dsn(): string {
    const address = this.server.address();
    if (typeof address !== 'object' || address === null) throw new Error('A TCP server has a port.');
    return `http://publickey@127.0.0.1:${address.port}/42`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private take(url: string, headers: IncomingHttpHeaders, body: Buffer): void {
    if (url !== '/api/42/envelope/') this.faults.push(`the path is ${url}`);
    if (headers['content-type'] !== 'application/x-sentry-envelope')
      this.faults.push('the content type is wrong');
    if (!/^Sentry sentry_version=7, sentry_key=publickey, /.test(String(headers['x-sentry-auth'])))
      this.faults.push('the key is missing');
    const [head = '', item = '', payload = '', rest] = body.toString('utf8').split('\n');
    const event = JSON.parse(payload) as ReportedEvent;
    if (rest !== '') this.faults.push('there is more than one item');
    if (JSON.parse(item).length !== Buffer.byteLength(payload)) this.faults.push('the length is wrong');
    if (JSON.parse(head).event_id !== event.event_id) this.faults.push('the ids differ');
    this.events.push(event);
  }
}
