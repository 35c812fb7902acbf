import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** Stands between a client and a server, and can let connections hang as a broken network does. */
export class TcpProxy {
  private readonly sockets = new Set<Socket>();
  private isSilent = false;

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  /** @param url what it stands before; its own is the same but for the port */
  static async before(url: string): Promise<TcpProxy> {
    const target = new URL(url);
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('A TCP server has a port.');
    const own = new URL(url);
    own.port = String(address.port);
    const proxy = new TcpProxy(server, own.href);
    server.on('connection', (client) => {
      const upstream = connect({ host: target.hostname, port: Number(target.port) });
      if (!proxy.isSilent) client.pipe(upstream).pipe(client);
      for (const socket of [client, upstream]) {
        proxy.sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => proxy.sockets.delete(socket));
      }
    });
    return proxy;
  }

  /** From now on, nothing comes through the connections that are open, and nobody is told; new ones work. */
  hang(): void {
    for (const socket of this.sockets) socket.unpipe().pause();
  }

  /** The same, and new ones hang as well, until `recover`. */
  hangForGood(): void {
    this.isSilent = true;
    this.hang();
  }

  /** New connections work again; those that hung are lost. */
  recover(): void {
    this.isSilent = false;
    for (const socket of this.sockets) socket.destroy();
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }
}
