import { SCOPES, type Scope } from '../src/auth/caller.js';
import type { Problem } from '../src/http/problem.js';
import type { ApiClient } from './support/api-client.js';
import { TestOtklik } from './support/test-otklik.js';

const ID = '019aa5c6-7b40-7c3e-9d51-2f6a8b1c4e70';

const BACKUP = 'otklik-20261121T020000Z-daily-00000000.dump';

const ROUTES: readonly [method: string, path: string, scope: Scope][] = [
  ['POST', '/api/messages', 'messages:write'],
  ['GET', '/api/messages', 'messages:read'],
  ['GET', `/api/messages/${ID}`, 'messages:read'],
  ['POST', `/api/messages/${ID}/triage`, 'conversations:write'],
  ['GET', '/api/conversations', 'messages:read'],
  ['GET', `/api/conversations/${ID}`, 'messages:read'],
  ['GET', `/api/conversations/${ID}/messages`, 'messages:read'],
  ['POST', `/api/conversations/${ID}/replies`, 'conversations:write'],
  ['POST', `/api/conversations/${ID}/close`, 'conversations:write'],
  ['POST', `/api/conversations/${ID}/priority`, 'conversations:write'],
  ['POST', `/api/conversations/${ID}/escalate`, 'conversations:write'],
  ['GET', '/api/clients/nobody', 'messages:read'],
  ['GET', '/api/clients/nobody/export', 'messages:read'],
  ['DELETE', '/api/clients/nobody', 'system:manage'],
  ['GET', `/api/erasures/${ID}`, 'system:read'],
  ['GET', '/api/escalations', 'messages:read'],
  ['POST', '/api/escalations/claim', 'conversations:write'],
  ['GET', `/api/escalations/${ID}`, 'messages:read'],
  ['POST', `/api/escalations/${ID}/release`, 'conversations:write'],
  ['GET', '/api/reminders', 'messages:read'],
  ['POST', `/api/conversations/${ID}/reminders`, 'conversations:write'],
  ['POST', `/api/reminders/${ID}/cancel`, 'reminders:manage'],
  ['POST', `/api/reminders/${ID}/retry`, 'reminders:manage'],
  ['GET', '/api/reminder-policies', 'messages:read'],
  ['PUT', '/api/reminder-policies/urgent', 'reminders:manage'],
  ['GET', '/api/events', 'messages:read'],
  ['GET', '/api/events/stream', 'messages:read'],
  ['GET', '/api/event-types', 'messages:read'],
  ['GET', '/api/webhooks', 'webhooks:manage'],
  ['POST', '/api/webhooks', 'webhooks:manage'],
  ['GET', `/api/webhooks/${ID}`, 'webhooks:manage'],
  ['PATCH', `/api/webhooks/${ID}`, 'webhooks:manage'],
  ['DELETE', `/api/webhooks/${ID}`, 'webhooks:manage'],
  ['POST', `/api/webhooks/${ID}/enable`, 'webhooks:manage'],
  ['POST', `/api/webhooks/${ID}/rotate-secret`, 'webhooks:manage'],
  ['POST', `/api/webhooks/${ID}/test`, 'webhooks:manage'],
  ['GET', `/api/webhooks/${ID}/deliveries`, 'webhooks:manage'],
  ['GET', `/api/deliveries/${ID}`, 'webhooks:manage'],
  ['POST', `/api/deliveries/${ID}/redeliver`, 'webhooks:manage'],
  ['POST', `/api/webhooks/${ID}/replay`, 'webhooks:manage'],
  ['GET', `/api/webhooks/${ID}/replays`, 'webhooks:manage'],
  ['GET', `/api/webhooks/${ID}/replays/${ID}`, 'webhooks:manage'],
  ['GET', '/api/api-keys', 'keys:manage'],
  ['POST', '/api/api-keys', 'keys:manage'],
  ['DELETE', `/api/api-keys/${ID}`, 'keys:manage'],
  ['GET', '/metrics', 'system:read'],
  ['GET', '/api/system/stats', 'system:read'],
  ['GET', '/api/system/retention', 'system:read'],
  ['POST', '/api/system/retention/run', 'system:manage'],
  ['GET', '/api/system/cache/stats', 'system:read'],
  ['POST', '/api/system/cache/clear', 'system:manage'],
  ['POST', '/api/system/cache/warm-up', 'system:manage'],
  ['GET', '/api/system/audit', 'system:read'],
  ['GET', '/api/system/info', 'system:read'],
  ['GET', '/api/system/maintenance', 'system:read'],
  ['POST', '/api/system/maintenance', 'system:manage'],
  ['GET', '/api/system/processes', 'system:read'],
  ['POST', '/api/system/processes/nothing/pause', 'system:manage'],
  ['POST', '/api/system/processes/nothing/resume', 'system:manage'],
  ['POST', '/api/system/processes/nothing/run', 'system:manage'],
  ['GET', '/api/system/backup/status', 'system:read'],
  ['GET', '/api/system/backup/list', 'system:read'],
  ['POST', '/api/system/backup/create', 'system:manage'],
  ['POST', `/api/system/backup/verify/${BACKUP}`, 'system:manage'],
  ['POST', `/api/system/backup/restore/${BACKUP}`, 'system:manage'],
  ['POST', '/api/system/backup/schedule', 'system:manage'],
  ['GET', '/api/system/health', 'system:read'],
  ['GET', '/api/system/health/database', 'system:read'],
  ['POST', '/api/system/health/check', 'system:manage'],
  ['POST', '/api/system/monitoring/start', 'system:manage'],
  ['POST', '/api/system/monitoring/stop', 'system:manage'],
  ['GET', '/api/system/alerts', 'system:read'],
];

/** What whoever may call is answered where there is nothing to do it to; 503: no program makes backups. */
const LET_IN = [200, 400, 404, 503];

describe('what an API key may do', () => {
  // No backup is made, because there is no program for it.
  const otklik = new TestOtklik({ env: { PG_DUMP_PATH: '/nowhere/pg_dump' } });
  const callers = new Map<Scope, ApiClient>();
  beforeAll(async () => {
    await otklik.start();
    for (const scope of SCOPES) callers.set(scope, await otklik.caller(scope));
  });
  afterAll(() => otklik.stop());

  const send = (caller: ApiClient | undefined, method: string, path: string) =>
    (caller ?? otklik.api.withKey(undefined)).refused(
      method,
      path,
      method === 'POST' || method === 'PUT'
        ? { body: '{}', headers: { 'content-type': 'application/json' } }
        : {},
    );

  it.each(ROUTES)('%s %s needs %s, and nothing else will do', async (method, path, needed) => {
    expect((await send(undefined, method, path)).status).toBe(401);
    for (const scope of SCOPES) {
      const { status, body } = await send(callers.get(scope), method, path);
      if (scope === needed) {
        expect(LET_IN).toContain(status);
      } else {
        expect([scope, status]).toEqual([scope, 403]);
        expect(body).toMatchObject({ code: 'scope_missing', title: 'Forbidden' });
        expect(body.detail).toContain(needed);
      }
    }
  });

  it('is everything for the administrator', async () => {
    for (const [method, path] of ROUTES) {
      expect(LET_IN).toContain((await send(otklik.api, method, path)).status);
    }
  });

  it('is said for every route there is', async () => {
    const { body } = await otklik.api.withKey(undefined).get<{
      paths: Record<string, Record<string, { security?: unknown[] }>>;
    }>('/openapi.json');
    const guarded = Object.entries(body.paths).flatMap(([path, operations]) =>
      Object.entries(operations)
        .filter(([, { security }]) => security?.length)
        .map(([method]) => `${method.toUpperCase()} ${path}`),
    );
    const tested = ROUTES.map(([method, path]) =>
      `${method} ${path}`
        .replace(`replays/${ID}`, 'replays/{replayId}')
        .replace(ID, '{id}')
        .replace(BACKUP, '{filename}')
        .replace('nobody', '{clientId}')
        .replace('/nothing', '/{name}')
        .replace('health/database', 'health/{service}')
        .replace('policies/urgent', 'policies/{priority}'),
    );
    expect(guarded.toSorted()).toEqual(tested.toSorted());
  });

  it.each(['/health', '/health/live', '/health/ready', '/health/database', '/openapi.json', '/docs'])(
    'does not matter for %s: it is open to all',
    async (path) => {
      expect((await otklik.api.withKey(undefined).get<Problem>(path)).status).toBe(200);
    },
  );
});
