import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type Behaviour, succeed } from './webhook-receiver/behaviours.js';
import { ReceivedRequest } from './webhook-receiver/received-request.js';
import type { Certificate } from './webhook-receiver/self-signed-certificate.js';
import { SignatureCheck } from './webhook-receiver/signature-check.js';

export interface ReceiverOptions {
  /** With it, the receiver speaks HTTPS. */
  readonly certificate?: Certificate;
  /** Where it listens; 127.0.0.1 unless said otherwise. */
  readonly host?: string;
  /** The port it listens on; a free one unless said otherwise. */
  readonly port?: number;
  /** Those that are right on every path that has none of its own. */
  readonly secrets?: readonly string[];
  /** The sender's clock, where it is not the computer's. */
  readonly now?: () => number;
  /** Whether requests are kept; a benchmark hears of them and lets them go. */
  readonly keeps?: boolean;
  /**
   * Of how many requests one is checked when it arrives; every one unless said otherwise. The package takes some 30 µs
   * for it, which a benchmark cannot spare; the others are checked once somebody asks for their `fault`.
   */
  readonly checksOneOf?: number;
  /** Hears of each request, before it is answered. */
  readonly onRequest?: (request: ReceivedRequest) => void;
}

interface Waiting {
  readonly isEnough: () => boolean;
  readonly resolve: () => void;
}

/** A customer's server: takes webhooks, checks their signatures, remembers them, and fails as it is told. */
export class WebhookReceiver {
  /** In the order in which they arrived. */
  readonly requests: ReceivedRequest[] = [];
  /** How many requests there were, kept or not. */
  count = 0;
  /** How many of those that were checked had no good signature. */
  faulty = 0;
  /** How many connections were made to it. */
  connections = 0;
  private readonly checks = new Map<string, SignatureCheck>();
  private readonly anywhere: SignatureCheck;
  private readonly queues = new Map<string, Behaviour[]>();
  private readonly behaviours = new Map<string, Behaviour>();
  private otherwise: Behaviour = succeed;
  private readonly waiting = new Set<Waiting>();
  private readonly server: Server;
  private port: number;

  private constructor(private readonly options: ReceiverOptions) {
    this.port = options.port ?? 0;
    this.anywhere = new SignatureCheck(options.secrets ?? [], options.now);
    const listener: RequestListener = (request, response) => this.read(request, response);
    const { certificate } = options;
    this.server = certificate ? createSecureServer(certificate, listener) : createServer(listener);
    this.server.on('connection', () => {
      this.connections++;
    });
  }

  static async start(options: ReceiverOptions = {}): Promise<WebhookReceiver> {
    const receiver = new WebhookReceiver(options);
    await receiver.listen();
    return receiver;
  }

  /** The URL of a path. */
  url(path = '/'): string {
    const host = this.options.host ?? '127.0.0.1';
    const scheme = this.options.certificate ? 'https' : 'http';
    return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${this.port}${path}`;
  }

  /** Says which secrets are right on a path. */
  trust(path: string, ...secrets: readonly string[]): void {
    this.checks.set(path, new SignatureCheck(secrets, this.options.now));
  }

  /** What happens to all requests of a path, or of all paths, that nothing else was said about. */
  behave(behaviour: Behaviour, path?: string): void {
    if (path === undefined) this.otherwise = behaviour;
    else this.behaviours.set(path, behaviour);
  }

  /** What happens to the next requests of a path, one after the other, before all else. */
  next(path: string, ...behaviours: readonly Behaviour[]): void {
    this.queues.set(path, [...(this.queues.get(path) ?? []), ...behaviours]);
  }

  /** Those that came to a path, whatever their query. */
  at(path: string): readonly ReceivedRequest[] {
    return this.requests.filter((request) => pathOf(request.path) === path);
  }

  /** Waits until as many requests have come in all, or to one path; kept ones alone can be told by their path. */
  async received(count: number, path?: string): Promise<readonly ReceivedRequest[]> {
    const isEnough = () => (path === undefined ? this.count : this.at(path).length) >= count;
    if (!isEnough()) {
      await new Promise<void>((resolve) => this.waiting.add({ isEnough, resolve }));
    }
    return path === undefined ? this.requests : this.at(path);
  }

  /** Forgets the requests, and what was told of behaviour. */
  clear(): void {
    this.requests.length = 0;
    this.count = 0;
    this.faulty = 0;
    this.queues.clear();
    this.behaviours.clear();
    this.otherwise = succeed;
  }

  /** Stops listening, and ends all connections: whoever comes now is refused. */
  async refuse(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }

  /** Listens again, on the same port. */
  async listen(): Promise<void> {
    this.server.listen(this.port, this.options.host ?? '127.0.0.1');
    await once(this.server, 'listening');
    this.port = (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    if (this.server.listening) await this.refuse();
  }

  private read(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => this.take(request, Buffer.concat(chunks), response));
    // Whoever was cut off by its sender is nobody's fault here.
    request.on('error', () => undefined);
    response.on('error', () => undefined);
  }

  private take({ url = '/', headers }: IncomingMessage, body: Buffer, response: ServerResponse): void {
    const arrivedAt = performance.timeOrigin + performance.now();
    const path = pathOf(url);
    const check = this.checks.get(path) ?? this.anywhere;
    const received = new ReceivedRequest(url, headers, body, arrivedAt, () => check.fault(headers, body));
    this.count++;
    if (this.count % (this.options.checksOneOf ?? 1) === 0 && !received.isVerified) this.faulty++;
    if (this.options.keeps !== false) this.requests.push(received);
    this.options.onRequest?.(received);
    for (const waiting of this.waiting) {
      if (!waiting.isEnough()) continue;
      this.waiting.delete(waiting);
      waiting.resolve();
    }
    const behaviour = this.queues.get(path)?.shift() ?? this.behaviours.get(path) ?? this.otherwise;
    behaviour(response);
  }
}

function pathOf(url: string): string {
  const end = url.indexOf('?');
  return end === -1 ? url : url.slice(0, end);
}

/** A port of this computer that nobody listens on; whoever connects is refused. */
export async function closedPort(): Promise<number> {
  const receiver = await WebhookReceiver.start();
  await receiver.close();
  return Number(new URL(receiver.url()).port);
}
