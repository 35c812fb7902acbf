import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Config, loadConfig } from '../src/config/config.js';
import { CONFIG } from '../src/config/config.module.js';
import { productVersion } from '../src/config/product-version.js';
import { PortTakenError } from '../src/http/port.js';
import { openDatabase } from '../src/open-database.js';
import { type Otklik, startOn, startOtklik } from '../src/otklik.js';
import type { SystemInfo } from '../src/system/system.schemas.js';
import { welcome } from '../src/welcome.js';
import { ApiClient } from './support/api-client.js';
import { CapturedLog } from './support/captured-log.js';

describe('the very first start, without any configuration', () => {
  const folder = mkdtempSync(join(tmpdir(), 'otklik-first-'));
  const captured = new CapturedLog();
  let otklik: Otklik;
  let key: string;

  const start = (env: Record<string, string> = {}) =>
    startOtklik(loadConfig({ DATA_DIR: folder, PORT: '0', ...env }), captured.log);

  const message = (api: ApiClient) =>
    api.post(
      '/api/messages',
      { clientId: 'first', content: 'My card was stolen!' },
      { 'idempotency-key': 'first' },
    );

  afterAll(() => rmSync(folder, { recursive: true }));

  it('makes a database and a key for the administrator, which it shows once', async () => {
    otklik = await start();
    key = otklik.newAdminApiKey ?? '';
    expect(key).toMatch(/^otk_[A-Za-z0-9_-]{43}$/);
    expect(welcome(otklik)).toContain(key);
    expect(captured.text).not.toContain(key);
    expect(statSync(otklik.adminApiKeyFile ?? '').mode & 0o077).toBe(0);
    const api = new ApiClient(otklik.url, key);
    expect((await message(api)).status).toBe(201);
    expect((await api.get<SystemInfo>('/api/system/info')).body.database.embedded).toBe(true);
    api.close();
  });

  it('keeps both for the next start, which shows no key', async () => {
    await otklik.stop();
    otklik = await start();
    expect(otklik.newAdminApiKey).toBeUndefined();
    expect(welcome(otklik)).not.toContain(key);
    expect(existsSync(otklik.adminApiKeyFile ?? '')).toBe(true);
    const api = new ApiClient(otklik.url, key);
    expect((await message(api)).status).toBe(200);
    api.close();
  });

  it('is refused to a second process in the same folder, and nothing is left running of it', async () => {
    await expect(start()).rejects.toThrow(/in use by process/);
    await otklik.stop();
  });

  it('with a port that is taken is a clear error, and leaves nothing running; or takes the next (C11)', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const address = other.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    await expect(start({ PORT: String(port) })).rejects.toThrow(PortTakenError);
    await expect(start({ PORT: String(port) })).rejects.toThrow(`Port ${port} on 127.0.0.1 is taken.`);
    // Also where somebody takes it while the database starts.
    const config = loadConfig({ DATA_DIR: folder, PORT: String(port) });
    const late = startOn(await openDatabase(config, captured.log), captured.log);
    await expect(late).rejects.toThrow(PortTakenError);
    await expect(start({ EMBEDDED_DATABASE_PORT: String(port) })).rejects.toThrow('did not start');
    otklik = await start({ PORT: String(port), PORT_IF_TAKEN: 'next' });
    expect(Number(new URL(otklik.url).port)).toBeGreaterThan(port);
    await otklik.stop();
    await new Promise((resolve) => other.close(resolve));
  });

  it('takes the secrets that it is given, and shows none', async () => {
    const [adminApiKey, encryptionKey] = [
      randomBytes(32).toString('hex'),
      randomBytes(32).toString('base64'),
    ];
    otklik = await start({ ADMIN_API_KEY: adminApiKey, SECRET_ENCRYPTION_KEY: encryptionKey });
    expect(otklik.application.get<Config>(CONFIG).secrets).toEqual({ adminApiKey, encryptionKey });
    expect([otklik.newAdminApiKey, otklik.adminApiKeyFile]).toEqual([undefined, undefined]);
    await otklik.stop();
  });

  it('says which version it is', () => {
    expect(productVersion()).toMatch(/^\d+\.\d+\.\d+/);
  });
});
