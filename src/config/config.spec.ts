import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigurationError, loadConfig } from './config.js';

const ADMIN_KEY = 'otk_Zk3vQ8sLw0TfYb7xNc5uHd1gRj9mPe4a';
const ENCRYPTION_KEY = Buffer.from(Array.from({ length: 32 }, (_, i) => i * 7)).toString('base64');
const DATABASE_URL = 'postgres://otklik:Vn4kTz8qLs@db:5432/otklik';

function faultsOf(environment: Record<string, string>): readonly string[] {
  try {
    loadConfig(environment);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults;
    throw error;
  }
  return [];
}

describe('the configuration', () => {
  it('has a default for everything that can have one', () => {
    const config = loadConfig({});
    expect(config.http).toMatchObject({
      host: '127.0.0.1',
      port: 3000,
      bodyLimit: 10_485_760,
      corsOrigins: [],
    });
    expect(config.process).toMatchObject({ roles: ['api', 'worker'], shutdownDeadline: 25_000 });
    expect(config.database.url).toBeUndefined();
    expect(config.messages).toMatchObject({ duplicateWindow: 5000, clockSkew: 300_000, batchSize: 12 });
  });

  it('reads numbers, durations and lists', () => {
    const config = loadConfig({
      PORT: '8080',
      DATABASE_STATEMENT_TIMEOUT: 'PT2.5S',
      TRUST_PROXY: '10.0.0.0/8, 127.0.0.1',
      ROLES: 'worker',
    });
    expect(config.http.port).toBe(8080);
    expect(config.database.statementTimeout).toBe(2500);
    expect(config.http.trustProxy).toEqual(['10.0.0.0/8', '127.0.0.1']);
    expect(config.process.roles).toEqual(['worker']);
  });

  it('counts an empty variable as absent, as compose files write it', () => {
    expect(loadConfig({ PORT: '', DATABASE_URL: ' ' }).http.port).toBe(3000);
  });

  it('cannot be changed afterwards', () => {
    const config = loadConfig({});
    expect(() => Object.assign(config.http, { port: 1 })).toThrow(TypeError);
  });

  it('lists every fault at once, with what would be right', () => {
    expect(
      faultsOf({
        PORT: '70000',
        LOG_LEVEL: 'loud',
        DATABASE_POOL_WAIT: '5s',
        ROLES: 'api,cook,maid',
        CORS_ORIGINS: 'shop',
      }),
    ).toEqual([
      'PORT must be at most 65535 (it is "70000")',
      expect.stringContaining('CORS_ORIGINS must be a comma-separated list of origins'),
      expect.stringContaining('ROLES must be a comma-separated list of api, worker'),
      'DATABASE_POOL_WAIT must be an ISO 8601 duration from PT0.1S to PT1M, such as PT5S (it is "5s")',
      'LOG_LEVEL must be one of: trace, debug, info, warn, error, fatal (it is "loud")',
    ]);
  });

  it('takes no notice of variables that it does not know, as those of versions before', () => {
    const gone = { IDEMPOTENCY_CLEANUP_INTERVAL: 'PT1M', MONITORING_CLEANUP_INTERVAL: 'soon' };
    expect(loadConfig(gone)).toEqual(loadConfig({}));
  });

  it('takes never, or a duration within its range', () => {
    expect(loadConfig({ RETENTION_CONVERSATIONS: 'never' }).retention.conversations).toBe(Infinity);
    for (const given of ['PT1H', 'P3651D', 'always'])
      expect(faultsOf({ RETENTION_CONVERSATIONS: given })).toEqual([
        `RETENTION_CONVERSATIONS must be never or an ISO 8601 duration from P1D to P3650D (it is "${given}")`,
      ]);
  });

  it('checks one variable against another', () => {
    expect(faultsOf({ DATABASE_POOL_MAX: '5', DATABASE_POOL_MIN: '6' })).toEqual([
      'DATABASE_POOL_MIN must not be above DATABASE_POOL_MAX (it is "6")',
    ]);
    // Also against its default, a minute.
    expect(faultsOf({ HEALTH_SCHEDULER_LAG_DEGRADED: 'PT1M' })).toEqual([]);
    expect(faultsOf({ HEALTH_SCHEDULER_LAG_DEGRADED: 'PT61S' })).toEqual([
      'HEALTH_SCHEDULER_LAG_DEGRADED must not be above HEALTH_SCHEDULER_LAG_UNHEALTHY (it is "PT61S")',
    ]);
  });

  it('takes replicas and a way past the pooler with a database of your own alone, and shows neither', () => {
    const own = { DATABASE_URL, ADMIN_API_KEY: ADMIN_KEY, SECRET_ENCRYPTION_KEY: ENCRYPTION_KEY };
    const { database } = loadConfig({
      ...own,
      DATABASE_DIRECT_URL: DATABASE_URL,
      DATABASE_REPLICA_URLS: `${DATABASE_URL}1, ${DATABASE_URL}2`,
    });
    expect(database.replicaUrls).toEqual([`${DATABASE_URL}1`, `${DATABASE_URL}2`]);
    expect(database.directUrl).toBe(DATABASE_URL);
    expect(faultsOf({ DATABASE_DIRECT_URL: DATABASE_URL, DATABASE_REPLICA_URLS: DATABASE_URL })).toEqual([
      'DATABASE_DIRECT_URL needs DATABASE_URL (it is ***)',
      'DATABASE_REPLICA_URLS needs DATABASE_URL (it is ***)',
    ]);
    expect(faultsOf({ ...own, DATABASE_REPLICA_URLS: 'http://u:Vn4kTz8qLs@db' }).join()).not.toContain(
      'Vn4kTz8qLs',
    );
  });

  describe('secrets', () => {
    it('are required where the database is not the embedded one', () => {
      expect(faultsOf({ DATABASE_URL })).toEqual([
        'ADMIN_API_KEY is required with DATABASE_URL',
        'SECRET_ENCRYPTION_KEY is required with DATABASE_URL',
      ]);
      expect(
        faultsOf({ DATABASE_URL, ADMIN_API_KEY: ADMIN_KEY, SECRET_ENCRYPTION_KEY: ENCRYPTION_KEY }),
      ).toEqual([]);
    });

    it.each([
      ['a'.repeat(32), 'repeats too few different characters'],
      ['abcdefghabcdefghabcdefghabcdefgh', 'repeats the same few characters'],
      ['change-me-change-me-change-me-1234', 'looks like a placeholder'],
      ['your-secret-key-goes-here-now-please', 'looks like a placeholder'],
      ['Zk3vQ8sLw0Tf', 'must have at least 32 characters'],
      ['Zk3vQ8sLw0TfYb7xNc5u Hd1gRj9mPe4a', 'must be printable ASCII without spaces'],
    ])('are refused when weak: %s', (key, reason) => {
      expect(faultsOf({ ADMIN_API_KEY: key })).toEqual([`ADMIN_API_KEY ${reason} (it is ***)`]);
    });

    it('must be keys of the right size', () => {
      expect(faultsOf({ SECRET_ENCRYPTION_KEY: 'c2hvcnQ=' })[0]).toContain('must be 32 bytes in base64');
      expect(faultsOf({ SECRET_ENCRYPTION_KEY: Buffer.alloc(32).toString('base64') })[0]).toContain(
        'repeats too few different bytes',
      );
    });

    it('are never part of an error', () => {
      const url = 'http://otklik:Vn4kTz8qLs@db/otklik';
      const text = faultsOf({ DATABASE_URL: url, ADMIN_API_KEY: 'short-Vn4kTz8q' }).join('\n');
      expect(text).toContain('DATABASE_URL must look like');
      expect(text).not.toContain('Vn4kTz8q');
    });
  });

  describe('from files', () => {
    const folder = mkdtempSync(join(tmpdir(), 'otklik-config-'));
    afterAll(() => rmSync(folder, { recursive: true }));

    const file = (name: string, content: string): string => {
      writeFileSync(join(folder, name), content);
      return join(folder, name);
    };

    it('takes any X from the file that X_FILE names', () => {
      const config = loadConfig({
        ADMIN_API_KEY_FILE: file('key', `${ADMIN_KEY}\n`),
        PORT_FILE: file('port', '81'),
      });
      expect(config.secrets.adminApiKey).toBe(ADMIN_KEY);
      expect(config.http.port).toBe(81);
    });

    it('says when a file is missing, empty, or one of two sources', () => {
      expect(faultsOf({ PORT_FILE: join(folder, 'none') })[0]).toMatch(/^PORT_FILE names .*none, .*ENOENT/);
      expect(faultsOf({ PORT_FILE: file('empty', '') })[0]).toMatch(/which is empty$/);
      expect(faultsOf({ PORT: '1', PORT_FILE: file('port', '81') })).toEqual([
        'PORT and PORT_FILE are both set: keep one of them',
      ]);
    });
  });
});
