import { createHash } from 'node:crypto';
import { jest } from '@jest/globals';
import { ApiKeyRepository } from '../src/auth/api-key.repository.js';
import type { ApiKeyView, CreatedApiKey } from '../src/auth/api-key.schemas.js';
import { Authenticator } from '../src/auth/authenticator.js';
import type { Problem } from '../src/http/problem.js';
import { eventually } from './support/eventually.js';
import { HOUR, SECOND } from './support/settable-clock.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

const NOBODY = '019aa5c6-7b40-7c3e-9d51-2f6a8b1c4e70';

describe('an API key', () => {
  const otklik = new TestOtklik({ env: { API_KEY_LAST_USE_INTERVAL: 'PT0.1S', API_KEY_CACHE_SIZE: '3' } });
  const replica = new TestOtklik({ beside: otklik, env: { API_KEY_LAST_USE_INTERVAL: 'P1D' } });
  beforeAll(async () => {
    await otklik.start();
    await replica.start();
  });
  afterAll(async () => {
    await replica.stop();
    await otklik.stop();
  });

  const reads = (key: string, at: TestOtklik = otklik) => at.api.withKey(key).get<Problem>('/api/messages');
  const listed = async (id: string) =>
    (await otklik.api.all<ApiKeyView>('/api/api-keys')).find((key) => key.id === id);

  it('is shown once, and kept as a hash', async () => {
    const { status, body } = await otklik.api.post<CreatedApiKey>('/api/api-keys', {
      name: '  shop  ',
      scopes: ['messages:write', 'messages:read', 'messages:write'],
      expiresAt: '2031-01-01T00:00:00+02:00',
    });
    expect(status).toBe(201);
    const { key, ...shown } = body;
    expect(key).toMatch(/^otk_[A-Za-z0-9_-]{43}$/);
    expect(shown).toEqual({
      id: expect.any(String),
      name: 'shop',
      prefix: key.slice(0, 8),
      scopes: ['messages:write', 'messages:read'],
      createdAt: otklik.clock.iso(),
      expiresAt: '2030-12-31T22:00:00.000Z',
      lastUsedAt: null,
    });
    expect(await listed(body.id)).toEqual(shown);
    const [stored] = await otklik.database.query<{ row: string; key_hash: string }>(
      'select k::text as row, key_hash from api_keys k where id = $1',
      [body.id],
    );
    expect(stored?.row).not.toContain(key);
    expect(stored?.key_hash).toBe(createHash('sha256').update(key).digest('base64url'));
  });

  it('lets its holder in, and nobody without one', async () => {
    const { key } = await otklik.createKey({ name: 'reader', scopes: ['messages:read'] });
    expect((await reads(key)).status).toBe(200);
    const without = await otklik.api.withKey(undefined).get<Problem>('/api/messages');
    expect(without.status).toBe(401);
    expect(without.headers['www-authenticate']).toBe('Bearer realm="otklik"');
    expect(without.body.code).toBe('api_key_required');
  });

  it.each([
    ['an unknown key', 'Bearer otk_unknown-unknown-unknown-unknown-unknown', 'api_key_invalid'],
    ['another scheme', 'Basic b3RrbGlrOnNlY3JldA==', 'api_key_required'],
    ['no key', 'Bearer', 'api_key_required'],
    ['two keys', 'Bearer a b', 'api_key_required'],
    ['a key far too long', `Bearer ${'x'.repeat(513)}`, 'api_key_required'],
    ['what looks like SQL', "Bearer '--or-1=1;", 'api_key_invalid'],
  ])('lets nobody in with %s', async (_what, authorization, code) => {
    const { status, body } = await otklik.api
      .withKey(undefined)
      .get<Problem>('/api/messages', { authorization });
    expect([status, body.code]).toEqual([401, code]);
  });

  it('with keys:manage is as good as the administrator: it makes keys of any scope', async () => {
    const manager = await otklik.caller('keys:manage');
    expect((await manager.get('/api/system/info')).status).toBe(403);
    const wanted = { name: 'more', scopes: ['system:manage', 'system:read'] };
    const { status, body } = await manager.post<CreatedApiKey>('/api/api-keys', wanted);
    expect([status, body.scopes]).toEqual([201, wanted.scopes]);
    expect((await otklik.api.withKey(body.key).get('/api/system/info')).status).toBe(200);
  });

  it('is named in any case of the scheme', async () => {
    const authorization = `bearer ${otklik.adminApiKey}`;
    expect((await otklik.api.withKey(undefined).get('/api/messages', { authorization })).status).toBe(200);
  });

  it('stops working the moment it expires, although it was used just before', async () => {
    const { key } = await otklik.createKey({
      name: 'short',
      scopes: ['messages:read'],
      expiresAt: otklik.clock.iso(3 * SECOND),
    });
    otklik.clock.advance(2 * SECOND);
    expect((await reads(key)).status).toBe(200);
    otklik.clock.advance(SECOND);
    expect(await reads(key)).toMatchObject({ status: 401, body: { code: 'api_key_invalid' } });
  });

  it('is dead when it is revoked: here at once, in every replica as soon as it hears of it', async () => {
    const { id, key } = await otklik.createKey({ name: 'leaked', scopes: ['messages:read'] });
    expect([(await reads(key)).status, (await reads(key, replica)).status]).toEqual([200, 200]);
    const { status, body } = await otklik.api.delete(`/api/api-keys/${id}`);
    expect([status, body]).toEqual([204, undefined]);
    expect((await reads(key)).status).toBe(401);
    await eventually(
      () => reads(key, replica),
      ({ status }) => status === 401,
    );
    expect(await listed(id)).toBeUndefined();
  });

  it('that was revoked is dead within five seconds in a replica that did not hear of it', async () => {
    const { id, key } = await otklik.createKey({ name: 'leaked', scopes: ['messages:read'] });
    expect((await reads(key, replica)).status).toBe(200);
    await otklik.database.query('update api_keys set revoked_at = now() where id = $1', [id]);
    otklik.clock.advance(SECOND);
    expect((await reads(key, replica)).status).toBe(200);
    otklik.clock.advance(4 * SECOND);
    expect((await reads(key, replica)).status).toBe(401);
  });

  it('that is used all the time is checked in the background, and dies as fast', async () => {
    const { id, key } = await replica.createKey({ name: 'busy', scopes: ['messages:read'] });
    expect((await reads(key, replica)).status).toBe(200);
    otklik.clock.advance(2 * SECOND);
    expect((await reads(key, replica)).status).toBe(200);
    await otklik.api.delete(`/api/api-keys/${id}`);
    otklik.clock.advance(2 * SECOND);
    await eventually(
      () => reads(key, replica),
      ({ status }) => status === 401,
    );
  });

  it('can be revoked only once', async () => {
    const { id } = await otklik.createKey({ name: 'twice', scopes: ['messages:read'] });
    expect((await otklik.api.delete(`/api/api-keys/${id}`)).status).toBe(204);
    for (const gone of [id, NOBODY]) {
      const { status, body } = await otklik.api.delete<Problem>(`/api/api-keys/${gone}`);
      expect([status, body.code]).toEqual([404, 'api_key_not_found']);
      expect(body.detail).toBe(`There is no API key ${gone}.`);
    }
    expect((await otklik.api.delete('/api/api-keys/42')).status).toBe(400);
  });

  it('says when it was last used', async () => {
    const { id, key } = await otklik.createKey({ name: 'used', scopes: ['messages:read'] });
    otklik.clock.advance(HOUR);
    await reads(key);
    const { lastUsedAt } = await eventually(
      async () => ({ lastUsedAt: null, ...(await listed(id)) }),
      ({ lastUsedAt }) => lastUsedAt !== null,
    );
    expect(lastUsedAt).toBe(otklik.clock.iso());
    // Another process writes its uses down now and then, and may come with older ones.
    await otklik.part(ApiKeyRepository).recordUse(new Map([[id, otklik.clock.now() - HOUR]]));
    expect((await listed(id))?.lastUsedAt).toBe(lastUsedAt);
  });

  it('has its last use written down when the process ends, and once', async () => {
    const { id, key } = await otklik.createKey({ name: 'used at last', scopes: ['messages:read'] });
    const ending = new TestOtklik({ beside: otklik, env: { API_KEY_LAST_USE_INTERVAL: 'P1D' } });
    await ending.start();
    await reads(key, ending);
    const recorded = jest.spyOn(ending.part(ApiKeyRepository), 'recordUse');
    await ending.part(Authenticator).onApplicationShutdown();
    expect((await listed(id))?.lastUsedAt).toBe(otklik.clock.iso());
    await ending.stop();
    expect(recorded).toHaveBeenCalledTimes(1);
  });

  it('costs no round trip to the database while it is known', async () => {
    const { key } = await replica.createKey({ name: 'hot', scopes: ['messages:write'] });
    const caller = replica.api.withKey(key);
    await caller.post('/api/messages', { clientId: newClient(), content: 'Hello' });
    await otklik.database.execute('alter table api_keys rename to api_keys_away');
    const { status } = await caller.post('/api/messages', { clientId: newClient(), content: 'Hello' });
    await otklik.database.execute('alter table api_keys_away rename to api_keys');
    expect(status).toBe(201);
  });

  it('keeps working while more keys are in use than are remembered', async () => {
    const keys = [];
    for (let i = 0; i < 6; i++)
      keys.push(await otklik.createKey({ name: `many ${i}`, scopes: ['messages:read'] }));
    for (let round = 0; round < 2; round++) {
      for (const { key } of keys) expect((await reads(key)).status).toBe(200);
    }
  });

  it('that is corrupt in the database is not believed, counted, and told of (E13)', async () => {
    const { id, key } = await otklik.createKey({ name: 'corrupt', scopes: ['messages:read'] });
    await otklik.database.query(`update api_keys set scopes = '{everything}' where id = $1`, [id]);
    const authenticator = otklik.part(Authenticator);
    const before = authenticator.corruptKeys;
    expect((await reads(key)).status).toBe(401);
    expect(authenticator.corruptKeys).toBe(before + 1);
    expect(otklik.log.entries(({ keyId }) => keyId === id)).toMatchObject([{ level: 'error' }]);
    await otklik.database.query(`update api_keys set scopes = '{messages:read}' where id = $1`, [id]);
    expect((await reads(key)).status).toBe(200);
  });

  it('is listed newest first, page by page', async () => {
    // Their last use is written down now and then, also between two lists.
    const list = async (path: string) =>
      (await otklik.api.all<ApiKeyView>(path)).map((key) => ({ ...key, lastUsedAt: null }));
    const all = await list('/api/api-keys');
    expect(all.map(({ id }) => id)).toEqual(
      all
        .map(({ id }) => id)
        .toSorted()
        .toReversed(),
    );
    expect(await list('/api/api-keys?limit=2')).toEqual(all);
    expect(JSON.stringify(all)).not.toMatch(/otk_[A-Za-z0-9_-]{10,}/);
  });

  it.each<[what: string, body: object, path: string]>([
    ['no name', { scopes: ['messages:read'] }, 'name'],
    ['an empty name', { name: ' ', scopes: ['messages:read'] }, 'name'],
    ['a name of 101 characters', { name: 'x'.repeat(101), scopes: ['messages:read'] }, 'name'],
    ['a name with NUL', { name: 'a\u0000b', scopes: ['messages:read'] }, 'name'],
    ['a name with half of a surrogate pair', { name: 'a\ud800', scopes: ['messages:read'] }, 'name'],
    ['no scopes', { name: 'x' }, 'scopes'],
    ['an empty list of scopes', { name: 'x', scopes: [] }, 'scopes'],
    ['a scope that there is not', { name: 'x', scopes: ['messages:delete'] }, 'scopes.0'],
    [
      'an expiry in the past',
      { name: 'x', scopes: ['messages:read'], expiresAt: '2020-01-01T00:00:00Z' },
      'expiresAt',
    ],
    [
      'an expiry without zone',
      { name: 'x', scopes: ['messages:read'], expiresAt: '2031-01-01T00:00:00' },
      'expiresAt',
    ],
    ['a key of its own', { name: 'x', scopes: ['messages:read'], key: 'otk_mine' }, 'key'],
  ])('is not made with %s', async (_what, body, path) => {
    const answer = await otklik.api.post<Problem>('/api/api-keys', body);
    expect(answer.status).toBe(400);
    expect(answer.body.errors?.map((fault) => fault.path)).toEqual([path]);
  });
});
