import { once } from 'node:events';
import {
  Agent,
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

/** How often each backend is asked whether it is ready, in milliseconds. */
const PROBE_INTERVAL = 100;

interface Backend {
  readonly url: string;
  readonly agent: Agent;
  isReady: boolean;
}

/**
 * What a Service of Kubernetes is for its pods, or a load balancer: sends each request to the next backend that said
 * lately that it is ready. It repeats nothing: what a backend does not answer, has failed.
 */
export class Service {
  private readonly backends = new Map<string, Backend>();
  private turn = 0;
  private readonly probing: NodeJS.Timeout;

  private constructor(private readonly server: Server) {
    server.on('request', (incoming, outgoing) => this.pass(incoming, outgoing));
    this.probing = setInterval(() => {
      for (const backend of this.backends.values()) void probe(backend);
    }, PROBE_INTERVAL);
  }

  static async start(): Promise<Service> {
    const server = createServer();
    const service = new Service(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return service;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Adds one, and waits until it is ready. */
  async add(url: string): Promise<void> {
    const backend = { url, agent: new Agent({ keepAlive: true }), isReady: false };
    while (!backend.isReady) await probe(backend);
    this.backends.set(url, backend);
  }

  remove(url: string): void {
    this.backends.get(url)?.agent.destroy();
    this.backends.delete(url);
  }

  async close(): Promise<void> {
    clearInterval(this.probing);
    for (const url of [...this.backends.keys()]) this.remove(url);
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  private pass(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const ready = [...this.backends.values()].filter(({ isReady }) => isReady);
    const backend = ready[this.turn++ % ready.length];
    if (!backend) {
      outgoing.writeHead(502).end('nobody is ready');
      return;
    }
    const { hostname, port } = new URL(backend.url);
    const { method, url: path, headers } = incoming;
    const options = { agent: backend.agent, hostname, port, method, path, headers };
    const passed = request(options, (answer) => {
      // Connections are each side's own matter.
      const { connection: _connection, ...others } = answer.headers;
      outgoing.writeHead(answer.statusCode ?? 502, others);
      answer.pipe(outgoing);
    });
    passed.on('error', (error) => outgoing.writeHead(502).end(`${backend.url}: ${error.message}`));
    incoming.pipe(passed);
  }
}

async function probe(backend: Backend): Promise<void> {
  try {
    const { status } = await fetch(`${backend.url}/health/ready`, { signal: AbortSignal.timeout(1_000) });
    backend.isReady = status === 200;
  } catch {
    backend.isReady = false;
  }
}
