import { once } from 'node:events';
import { createServer, type Server } from 'node:http';

/** A span as OTLP/JSON has it, as far as specs look at it. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[];
}

interface Export {
  readonly resourceSpans: readonly {
    readonly scopeSpans: readonly { readonly spans: readonly ReceivedSpan[] }[];
  }[];
}

/** A collector of traces: takes what OpenTelemetry sends over OTLP/HTTP, as JSON. */
export class TraceReceiver {
  readonly spans: ReceivedSpan[] = [];

  private constructor(private readonly server: Server) {}

  static async start(): Promise<TraceReceiver> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const receiver = new TraceReceiver(server);
    server.on('request', (request, response) => {
      void request.toArray().then((chunks) => {
        if (request.url === '/v1/traces') {
          const { resourceSpans } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Export;
          for (const { scopeSpans } of resourceSpans)
            for (const { spans } of scopeSpans) receiver.spans.push(...spans);
        }
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      });
    });
    return receiver;
  }

  get url(): string {
    const address = this.server.address();
    if (typeof address !== 'object' || address === null) throw new Error('A TCP server has a port.');
    return `http://127.0.0.1:${address.port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}
