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

/** How long it may take to answer, in milliseconds, and how often it may not say that it is: as in the Helm chart. */
const PROBE_TIMEOUT = 3_000;
const FAILURE_THRESHOLD = 2;

interface Backend {
  readonly url: string;
  readonly agent: Agent;
  /** Probes in a row that did not find it ready. */
  failures: number;
}

/**
 * What a Service of Kubernetes is for its pods, or a load balancer: sends each request to the next backend that said
 * lately that it is ready. It repeats nothing: what a backend does not answer, has failed.
 */
export class Service {
  private readonly backends = new Map<string, Backend>();
  private turn = 0;

  private constructor(private readonly server: Server) {
    server.on('request', (incoming, outgoing) => this.pass(incoming, outgoing));
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
    const backend = { url, agent: new Agent({ keepAlive: true }), failures: FAILURE_THRESHOLD };
    while (backend.failures > 0) await probe(backend);
    this.backends.set(url, backend);
    void this.watch(backend);
  }

  remove(url: string): void {
    this.backends.get(url)?.agent.destroy();
    this.backends.delete(url);
  }

  async close(): Promise<void> {
    for (const url of [...this.backends.keys()]) this.remove(url);
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  private async watch(backend: Backend): Promise<void> {
    while (this.backends.get(backend.url) === backend) {
      await new Promise((resolve) => setTimeout(resolve, PROBE_INTERVAL));
      await probe(backend);
    }
  }

  private pass(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const ready = [...this.backends.values()].filter(({ failures }) => failures < FAILURE_THRESHOLD);
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
    const { ok } = await fetch(`${backend.url}/health/ready`, { signal: AbortSignal.timeout(PROBE_TIMEOUT) });
    backend.failures = ok ? 0 : backend.failures + 1;
  } catch {
    backend.failures++;
  }
}
