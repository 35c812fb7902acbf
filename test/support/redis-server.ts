import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { eventually } from './eventually.js';
import { program } from './programs.js';

/** Every key of a cluster is in one of these. */
const SLOTS = 16_384;

/** A real Redis of a spec's own, on a loopback port of its own. */
export class RedisServer {
  private readonly folder = mkdtempSync(join(tmpdir(), 'otklik-redis-'));
  private child: ChildProcess | undefined;

  private constructor(
    private readonly executable: string,
    readonly port: number,
    private readonly options: readonly string[],
  ) {}

  /** @param options as on the command line of redis-server */
  static async start(...options: readonly string[]): Promise<RedisServer> {
    const server = new RedisServer(program('redis-server'), await freePort(), options);
    await server.start();
    return server;
  }

  /** A sentinel that watches a master by itself, and calls it `spec`. */
  static async sentinel(master: RedisServer): Promise<RedisServer> {
    const server = new RedisServer(program('redis-server'), await freePort(), []);
    const settings = [
      `port ${server.port}`,
      'bind 127.0.0.1',
      `sentinel monitor spec 127.0.0.1 ${master.port} 1`,
      'sentinel down-after-milliseconds spec 300',
      'sentinel failover-timeout spec 1000',
    ];
    writeFileSync(join(server.folder, 'sentinel.conf'), settings.join('\n'));
    await server.run([join(server.folder, 'sentinel.conf'), '--sentinel']);
    return server;
  }

  /** Masters that share the slots of a cluster. */
  static async cluster(size: number): Promise<RedisServer[]> {
    const nodes: RedisServer[] = [];
    for (let i = 0; i < size; i++) {
      const bus = await freePort();
      const settings = ['--cluster-enabled', 'yes', '--cluster-port', String(bus)];
      const node = await RedisServer.start(...settings, '--cluster-node-timeout', '1000');
      nodes.push(node);
      const [first, last] = [i, i + 1].map((part) => Math.floor((SLOTS * part) / size)) as [number, number];
      await node.ask((redis) => redis.call('CLUSTER', 'ADDSLOTSRANGE', first, last - 1));
      await nodes[0]?.ask((redis) => redis.call('CLUSTER', 'MEET', '127.0.0.1', node.port, bus));
    }
    for (const node of nodes)
      await eventually(() =>
        node.ask(async (redis) =>
          (await redis.call('CLUSTER', 'INFO'))?.toString().includes('cluster_state:ok'),
        ),
      );
    return nodes;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it (again): empty. */
  async start(): Promise<void> {
    const [port, folder] = [String(this.port), this.folder];
    await this.run(['--port', port, '--bind', '127.0.0.1', '--save', '', '--dir', folder, ...this.options]);
  }

  private async run(args: readonly string[]): Promise<void> {
    const child = spawn(this.executable, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.child = child;
    let told = '';
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`redis-server ended with ${code}:\n${told}`)));
      child.stdout?.setEncoding('utf8').on('data', (text: string) => {
        told += text;
        if (/Ready to accept connections|Sentinel ID is/.test(told)) resolve();
      });
    });
  }

  /** Sends it a signal: SIGSTOP makes it hang, SIGCONT goes on. */
  signal(signal: NodeJS.Signals): void {
    this.child?.kill(signal);
  }

  /** Ends it without a word. */
  async kill(): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  /** Ends it, and leaves nothing behind. */
  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10 });
  }

  /** Lets the spec itself look at what is in it, or change it. */
  async ask<T>(work: (redis: Redis) => Promise<T>, options: { password?: string } = {}): Promise<T> {
    const redis = new Redis(this.port, '127.0.0.1', { ...options, lazyConnect: true });
    try {
      await redis.connect();
      return await work(redis);
    } finally {
      redis.disconnect();
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('A TCP server has a port.');
  return address.port;
}
