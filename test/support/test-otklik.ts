import { randomBytes } from 'node:crypto';
import type { CreatedApiKey } from '../../src/auth/api-key.schemas.js';
import type { Scope } from '../../src/auth/caller.js';
import { loadConfig } from '../../src/config/config.js';
import type { ReceivedMessageView } from '../../src/messages/message.schemas.js';
import { type Otklik, startOtklik } from '../../src/otklik.js';
import { type Answer, ApiClient } from './api-client.js';
import { CapturedLog } from './captured-log.js';
import { faultsOfEvents } from './event-forms.js';
import { SettableClock } from './settable-clock.js';
import { TestDatabase } from './test-database.js';

interface Options {
  /** Variables of the environment, on top of what every spec has. */
  readonly env?: Readonly<Record<string, string>>;
  /** Another Otklik that shares its database, its keys and its clock with this one. */
  readonly beside?: TestOtklik;
  /** A PostgreSQL of the spec's own, which the spec takes care of. */
  readonly databaseUrl?: () => string;
}

/** A spec that lets days pass would make backups. */
const NO_SCHEDULE = { BACKUP_DAILY_AT: 'off', BACKUP_WEEKLY_AT: 'off' };

/** A machine that is busy, or full, is no matter of the specs: only those that are about it set a limit. */
const PATIENCE = {
  HEALTH_PROBE_TIMEOUT: 'PT30S',
  HEALTH_EVENT_LOOP_LAG_DEGRADED: 'PT1M',
  HEALTH_HEAP_USED_DEGRADED: '100',
  HEALTH_DISK_FREE_DEGRADED: '0',
  HEALTH_DISK_FREE_UNHEALTHY: '0',
  MONITORING_RESPONSE_TIME_DEGRADED: 'PT30S',
  MONITORING_RESPONSE_TIME_UNHEALTHY: 'PT45S',
  REDIS_CONNECT_TIMEOUT: 'PT1M',
  REDIS_COMMAND_TIMEOUT: 'PT10S',
  DATABASE_POOL_WAIT: 'PT1M',
};

/**
 * The real application in this process, with a database of its own, spoken to over real HTTP.
 *
 * The rate limits are off unless a spec turns them on, because specs are impatient.
 */
export class TestOtklik {
  /** The time it goes by; stands still until a spec moves it. */
  readonly clock: SettableClock;
  readonly log = new CapturedLog();
  readonly adminApiKey: string;
  private readonly encryptionKey: string;
  private running: Otklik | undefined;
  private client: ApiClient | undefined;
  private ownDatabase: TestDatabase | undefined;

  constructor(private readonly options: Options = {}) {
    this.clock = options.beside?.clock ?? new SettableClock();
    this.adminApiKey = options.beside?.adminApiKey ?? `otk_${randomBytes(32).toString('base64url')}`;
    this.encryptionKey = options.beside?.encryptionKey ?? randomBytes(32).toString('base64');
  }

  async start(): Promise<void> {
    this.ownDatabase ??= await this.openDatabase();
    const config = loadConfig({
      DATABASE_URL: this.database.url,
      ADMIN_API_KEY: this.adminApiKey,
      SECRET_ENCRYPTION_KEY: this.encryptionKey,
      PORT: '0',
      RATE_LIMIT: 'off',
      // Nothing happens by itself, unless a spec wants it to.
      ROLES: 'api',
      RETRY_BASE_DELAY: 'PT0.001S',
      ...NO_SCHEDULE,
      ...PATIENCE,
      ...this.options.env,
    });
    this.running = await startOtklik(config, this.log.log, this.clock);
    this.client = new ApiClient(this.running.url, this.adminApiKey);
  }

  /** Stops it and drops its database, whose events have to be as the catalogue has them. */
  async stop(): Promise<void> {
    await this.stopServing();
    const database = this.ownDatabase;
    this.ownDatabase = undefined;
    try {
      const faults = database && !this.options.databaseUrl ? await faultsOfEvents(database) : [];
      if (faults.length > 0)
        throw new Error(`Events are not as the catalogue says:\n${faults.slice(0, 20).join('\n')}`);
    } finally {
      await database?.drop();
    }
  }

  /** Stops it as SIGTERM does; the database stays. */
  async stopServing(): Promise<void> {
    const running = this.running;
    this.running = undefined;
    await running?.stop();
    this.client?.close();
  }

  get url(): string {
    return started(this.running).url;
  }

  /** The administrator, calling the API. */
  get api(): ApiClient {
    return started(this.client);
  }

  get database(): TestDatabase {
    return started(this.options.beside?.ownDatabase ?? this.ownDatabase);
  }

  /** Something inside of it, to look at. */
  part<T>(type: abstract new (...parameters: never[]) => T): T {
    return started(this.running).application.get<T>(type);
  }

  /** Sends a message in; `content` alone is from a client of its own. */
  receive(
    message: Readonly<Record<string, unknown>>,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer<ReceivedMessageView>> {
    return this.api.post<ReceivedMessageView>('/api/messages', message, headers);
  }

  /** Sends a message in that has to be accepted. */
  async accept(
    message: Readonly<Record<string, unknown>>,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<ReceivedMessageView> {
    const { status, body } = await this.receive(message, headers);
    if (status !== 201) throw new Error(`The message was not accepted: ${status} ${JSON.stringify(body)}`);
    return body;
  }

  /** A caller with a new API key of these scopes. */
  async caller(...scopes: readonly Scope[]): Promise<ApiClient> {
    return this.api.withKey((await this.createKey({ name: 'spec', scopes })).key);
  }

  async createKey(key: Readonly<Record<string, unknown>>): Promise<CreatedApiKey> {
    const { status, body } = await this.api.post<CreatedApiKey>('/api/api-keys', key);
    if (status !== 201) throw new Error(`The key was not made: ${status} ${JSON.stringify(body)}`);
    return body;
  }

  private async openDatabase(): Promise<TestDatabase | undefined> {
    if (this.options.beside) return undefined;
    return this.options.databaseUrl ? TestDatabase.at(this.options.databaseUrl()) : TestDatabase.create();
  }
}

let clients = 0;

/** The id of a client that has not written yet. */
export function newClient(): string {
  clients++;
  return `client-${clients}`;
}

function started<T>(part: T | undefined): T {
  if (part === undefined) throw new Error('It was not started.');
  return part;
}
