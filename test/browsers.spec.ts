import type { Problem } from '../src/http/problem.js';
import { TestOtklik } from './support/test-otklik.js';

const SHOP = 'https://shop.example.com';

describe('a page in a browser', () => {
  const otklik = new TestOtklik({ env: { CORS_ORIGINS: `${SHOP}, https://admin.example.com` } });
  const closed = new TestOtklik({ beside: otklik });
  const open = new TestOtklik({ beside: otklik, env: { CORS_ORIGINS: '*' } });
  beforeAll(async () => {
    for (const each of [otklik, closed, open]) await each.start();
  });
  afterAll(async () => {
    for (const each of [open, closed, otklik]) await each.stop();
  });

  const preflight = (at: TestOtklik, origin: string, method = 'POST') =>
    at.api.withKey(undefined).send('OPTIONS', '/api/messages', {
      headers: {
        origin,
        'access-control-request-method': method,
        'access-control-request-headers': 'authorization,content-type,idempotency-key',
      },
    });

  it('may call from an origin that was allowed', async () => {
    const { status, headers } = await preflight(otklik, SHOP);
    expect(status).toBe(204);
    expect(headers['access-control-allow-origin']).toBe(SHOP);
    expect(headers['access-control-allow-methods']).toContain('POST');
    expect(headers['access-control-allow-headers']).toContain('idempotency-key');
    const answer = await otklik.api.get('/api/messages', { origin: SHOP });
    expect(answer.headers['access-control-allow-origin']).toBe(SHOP);
    expect(answer.headers.vary).toMatch(/origin/i);
    expect(answer.headers['access-control-expose-headers']).toMatch(/x-request-id/i);
  });

  it('can read the error where one is answered', async () => {
    const { status, headers } = await otklik.api.withKey(undefined).get('/api/messages', { origin: SHOP });
    expect([status, headers['access-control-allow-origin']]).toEqual([401, SHOP]);
  });

  it('may not call from any other', async () => {
    for (const origin of ['https://evil.example.com', 'https://shop.example.com.evil.com', 'null']) {
      expect((await preflight(otklik, origin)).headers['access-control-allow-origin']).toBeUndefined();
      const answer = await otklik.api.get('/api/messages', { origin });
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    }
  });

  it('may not call at all where nothing was allowed, as by default', async () => {
    const { headers } = await preflight(closed, SHOP);
    expect(headers['access-control-allow-origin']).toBeUndefined();
  });

  it('may call from anywhere where that was asked for', async () => {
    const { headers } = await preflight(open, SHOP);
    expect(headers['access-control-allow-origin']).toBe('*');
  });

  it.each(['/api/messages', '/api/nothing', '/health/live', '/openapi.json', '/docs'])(
    'is protected by the headers of %s (C4)',
    async (path) => {
      const { headers } = await otklik.api.get(path);
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
      expect(headers['x-frame-options']).toBe('DENY');
      expect(headers['strict-transport-security']).toMatch(/max-age=\d{7,}/);
      expect(headers['referrer-policy']).toBe('no-referrer');
      expect(headers['x-powered-by']).toBeUndefined();
      expect(headers.server).toBeUndefined();
    },
  );

  it('does not keep answers of the API', async () => {
    expect((await otklik.api.get('/api/messages')).headers['cache-control']).toBe('no-store');
  });

  it('finds Swagger UI with all its parts, and the document in both forms', async () => {
    const page = await fetch(`${otklik.url}/docs`);
    expect(page.headers.get('content-security-policy')).toContain("style-src 'self' 'unsafe-inline'");
    const parts = [...(await page.text()).matchAll(/(?:src|href)="\.?\/?([^"]+)"/g)].map(([, part]) => part);
    expect(parts).toEqual(expect.arrayContaining([expect.stringContaining('swagger-ui-bundle.js')]));
    const paths = [...parts.map((part) => `/${part}`), '/docs/', '/openapi.json', '/openapi.yaml'];
    for (const path of paths) {
      const { status } = await fetch(`${otklik.url}${path}`, { method: 'HEAD' });
      expect([path, status]).toEqual([path, 200]);
    }
    const head = await fetch(`${otklik.url}/openapi.json`, { method: 'HEAD' });
    const { byteLength } = await (await fetch(`${otklik.url}/openapi.json`)).arrayBuffer();
    expect(Number(head.headers.get('content-length'))).toBe(byteLength);
  });

  it('is told of a part that is not there as of everything else', async () => {
    const { status, body } = await otklik.api.get<Problem>('/docs/nothing.js');
    expect([status, body.code]).toEqual([404, 'not_found']);
  });
});
