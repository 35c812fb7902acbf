import { randomBytes } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { OtklikProcess } from '../support/otklik-process.js';
import { RedisServer } from '../support/redis-server.js';
import { ReplicatedPostgres } from '../support/replicated-postgres.js';
import { Service } from '../support/service.js';

export const ROLES = ['api', 'worker'] as const;
export type Role = (typeof ROLES)[number];

/** How long a process that is told to stop goes on serving: longer than the service needs to notice, of which workers have none. */
const SHUTDOWN_DELAY: Readonly<Record<Role, string>> = { api: 'PT1.5S', worker: 'PT0S' };

/** PostgreSQL with a replica, Redis, two api and two worker processes, and a service before the api processes. */
export class Installation {
  private readonly processes = new Map<string, OtklikProcess>();
  private readonly env: Readonly<Record<string, string>>;
  readonly adminApiKey = `otk_${randomBytes(32).toString('base64url')}`;

  private constructor(
    readonly postgres: ReplicatedPostgres,
    private readonly redis: RedisServer,
    readonly service: Service,
    private readonly folder: string,
  ) {
    this.env = {
      DATABASE_URL: postgres.url,
      DATABASE_REPLICA_URLS: postgres.replicaUrl,
      DATABASE_REPLICA_CHECK_INTERVAL: 'PT0.1S',
      DATABASE_REPLICA_OWN_WRITES: 'PT1S',
      REDIS_URL: redis.url,
      ADMIN_API_KEY: this.adminApiKey,
      SECRET_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      RATE_LIMIT_MESSAGES: '10000000',
      WEBHOOK_ALLOW_HTTP: 'true',
      WEBHOOK_ALLOWED_CIDRS: '127.0.0.0/8',
    };
  }

  static async start(folder: string): Promise<Installation> {
    const postgres = await ReplicatedPostgres.start();
    const installation = new Installation(postgres, await RedisServer.start(), await Service.start(), folder);
    try {
      for (const role of ROLES) for (const number of [1, 2]) await installation.run(role, number);
      return installation;
    } catch (error) {
      await installation.stop();
      throw error;
    }
  }

  /** Ends one as Kubernetes does, and starts another in its place. */
  async restart(role: Role, number: number): Promise<void> {
    const process = this.processes.get(`${role}-${number}`);
    await process?.kill('SIGTERM');
    if (process?.exitCode !== 0) throw new Error(`${role} ${number} ended with ${process?.exitCode}`);
    this.service.remove(process.url);
    await process.stop();
    await this.run(role, number);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.processes.values()].map((process) => process.stop()));
    await this.service.close();
    await this.redis.stop();
    await this.postgres.stop();
  }

  private async run(role: Role, number: number): Promise<void> {
    const name = `${role}-${number}`;
    const process = await OtklikProcess.start({
      env: { ...this.env, ROLES: role, SHUTDOWN_DELAY: SHUTDOWN_DELAY[role] },
      onLine: (line) => appendFileSync(join(this.folder, `${name}.log`), `${line}\n`),
    });
    this.processes.set(name, process);
    if (role === 'api') await this.service.add(process.url);
  }
}
