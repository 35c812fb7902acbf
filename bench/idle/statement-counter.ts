import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** The types of the messages that carry a statement's text, and of those that run one; see "Message Formats" of PostgreSQL's manual. */
const QUERY = 'Q';
const PARSE = 'P';
const BIND = 'B';
const EXECUTE = 'E';
const LENGTH_BYTES = 4;

/** Stands between Otklik and PostgreSQL, passes everything on as it is, and counts the statements that are run. */
export class StatementCounter {
  private readonly counts = new Map<string, number>();
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    /** Where PostgreSQL is reached through it. */
    readonly url: string,
  ) {}

  static async start(databaseUrl: string): Promise<StatementCounter> {
    const target = new URL(databaseUrl);
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = new URL(databaseUrl);
    url.port = String((server.address() as AddressInfo).port);
    const counter = new StatementCounter(server, url.href);
    server.on('connection', (socket) => counter.pass(socket, Number(target.port), target.hostname));
    return counter;
  }

  /** How often each statement was run since the last call. */
  take(): ReadonlyMap<string, number> {
    const taken = new Map(this.counts);
    this.counts.clear();
    return taken;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private pass(client: Socket, port: number, host: string): void {
    const database = connect(port, host);
    const messages = new Conversation((text) => this.counts.set(text, (this.counts.get(text) ?? 0) + 1));
    client.on('data', (bytes) => messages.read(bytes));
    for (const [socket, other] of [
      [client, database],
      [database, client],
    ] as const) {
      this.sockets.add(socket);
      socket.setNoDelay();
      socket.on('error', () => other.destroy());
      socket.on('close', () => this.sockets.delete(socket));
      socket.pipe(other);
    }
  }
}

/** What one connection's client says, message by message. */
class Conversation {
  private rest = Buffer.alloc(0);
  private hasBegun = false;
  private readonly prepared = new Map<string, string>();
  private bound = '';

  constructor(private readonly ran: (text: string) => void) {}

  read(bytes: Buffer): void {
    this.rest = Buffer.concat([this.rest, bytes]);
    for (;;) {
      // The first message of a connection has no type.
      const typeBytes = this.hasBegun ? 1 : 0;
      if (this.rest.length < typeBytes + LENGTH_BYTES) return;
      const end = typeBytes + this.rest.readUInt32BE(typeBytes);
      if (this.rest.length < end) return;
      if (this.hasBegun) this.look(String.fromCharCode(this.rest[0] ?? 0), this.rest.subarray(5, end));
      this.hasBegun = true;
      this.rest = this.rest.subarray(end);
    }
  }

  private look(type: string, body: Buffer): void {
    const [first = '', second = ''] = body.toString('utf8').split('\0', 2);
    if (type === QUERY) this.ran(first);
    else if (type === PARSE) this.prepared.set(first, second);
    else if (type === BIND) this.bound = this.prepared.get(second) ?? second;
    else if (type === EXECUTE) this.ran(this.bound);
  }
}
