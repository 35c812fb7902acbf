import type { Problem } from '../src/http/problem.js';
import { welcome } from '../src/welcome.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

describe('a process with the role worker alone', () => {
  const otklik = new TestOtklik();
  const worker = new TestOtklik({ env: { ROLES: 'worker' }, beside: otklik });
  beforeAll(async () => {
    await otklik.start();
    await worker.start();
  });
  afterAll(async () => {
    await worker.stop();
    await otklik.stop();
  });

  it.each(['/health', '/health/live', '/health/ready', '/health/full', '/metrics'])(
    'serves %s',
    async (path) => {
      expect((await worker.api.get(path)).status).toBe(200);
    },
  );

  it('says of everything else that it is a worker, and where to go', async () => {
    const message = { clientId: newClient(), content: 'Hello' };
    for (const answer of [
      await worker.api.post<Problem>('/api/messages', message),
      await worker.api.withKey(undefined).post<Problem>('/api/messages', message),
      await worker.api.get<Problem>('/api/conversations'),
      await worker.api.get<Problem>('/api/system/processes'),
      await worker.api.get<Problem>('/docs'),
      await worker.api.get<Problem>('/openapi.json'),
      await worker.api.get<Problem>('/nowhere'),
    ]) {
      expect(answer.status).toBe(404);
      expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
      expect(answer.headers['x-request-id']).toBeTruthy();
      expect(answer.body).toMatchObject({
        code: 'not_served_here',
        detail: expect.stringMatching(/a worker .* Send the request to a process with the role api\.$/),
      });
    }
    expect(await otklik.database.query('select from messages')).toEqual([]);
  });

  it('leaves what it does not serve to the others', async () => {
    await otklik.accept({ clientId: newClient(), content: 'Hello' });
    expect((await otklik.api.get('/docs')).status).toBe(200);
    expect((await otklik.api.get('/openapi.json')).status).toBe(200);
  });
});

describe('the banner of the start', () => {
  const bannerOf = (...roles: ('api' | 'worker')[]) =>
    welcome({ url: 'http://127.0.0.1:3000', roles } as unknown as Parameters<typeof welcome>[0]);

  it('invites to send a message where messages are taken in', () => {
    expect(bannerOf('api', 'worker')).toContain('curl -s http://127.0.0.1:3000/api/messages');
    expect(bannerOf('api', 'worker')).not.toContain('ROLES');
    expect(bannerOf('api')).toContain('curl -s http://127.0.0.1:3000/api/messages');
    expect(bannerOf('api')).toContain('ROLES=api');
  });

  it('says of a worker what it is, and invites nobody', () => {
    expect(bannerOf('worker')).toContain('This process is a worker (ROLES=worker)');
    expect(bannerOf('worker')).not.toMatch(/curl|\/docs/);
  });
});
