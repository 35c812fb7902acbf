import { productVersion } from '../src/config/product-version.js';
import type { SystemInfo } from '../src/system/system.schemas.js';
import { TestOtklik } from './support/test-otklik.js';

const IDENTITY = 'AGE-SECRET-KEY-1WFSKSE3EY396RYDATLSYN3SVS6ZSFQJ9WXWSRV9NRUZFU9AFFMFQU2J0T9';

describe('the information about the system', () => {
  const otklik = new TestOtklik({ env: { BACKUP_ENCRYPTION_KEY: IDENTITY } });
  beforeAll(() => otklik.start());
  afterAll(() => otklik.stop());

  const read = () => otklik.api.get<SystemInfo>('/api/system/info');

  it('says what runs here, and on what', async () => {
    const [migration] = await otklik.database.query<{ name: string }>(
      'select name from migrations order by id desc limit 1',
    );
    const { status, body } = await read();
    expect(status).toBe(200);
    expect(body).toMatchObject({
      version: productVersion(),
      node: process.versions.node,
      instance: { pid: process.pid, roles: ['api'], uptimeSeconds: expect.any(Number) },
      database: { version: expect.stringMatching(/^15\.\d+$/), embedded: false, migration: migration?.name },
      features: {
        redis: false,
        rateLimits: false,
        encryptedBackups: true,
        traces: false,
        errorReports: false,
      },
      maintenance: false,
      auditEntries: 0,
    });
    expect(body.database.sizeBytes).toBeGreaterThan(1_000_000);
  });

  it('says whether it is maintenance, and how much was done', async () => {
    await otklik.api.post('/api/system/maintenance', { enabled: true });
    expect((await read()).body).toMatchObject({ maintenance: true, auditEntries: 1 });
  });

  it('has no secret in it', async () => {
    const text = JSON.stringify((await read()).body);
    const { username, password } = new URL(otklik.database.url);
    for (const secret of [otklik.adminApiKey, IDENTITY, password || username, otklik.database.url]) {
      expect(text).not.toContain(secret);
    }
  });
});
