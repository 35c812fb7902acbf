import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { packageFolder } from '../src/config/package-folder.js';
import { Contract } from './openapi/contract.js';
import { type Document, mediaOf, type Operation, operationsOf } from './openapi/document.js';
import { exampleCalls, pathFor, type Subjects } from './openapi/example-calls.js';
import { newSubjects } from './openapi/new-subjects.js';
import { routesOf } from './openapi/routes.js';
import type { ApiClient, PageOf } from './support/api-client.js';
import { BackupFolders, backupsAtRest, makeBackup } from './support/backups.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

const NOBODY = '019aa5c6-0000-7000-8000-000000000000';

/** What is served beside the API: the document itself, and the page that shows it. */
const AROUND_THE_API = /^\/(docs|openapi\.(json|yaml))/;

const backupFolders = new BackupFolders();

const otklik = new TestOtklik({
  env: {
    BACKUP_DIR: backupFolders.make(),
    RATE_LIMIT: 'on',
    RATE_LIMIT_DEFAULT: '6000',
    RATE_LIMIT_KEYS: '6000',
    RATE_LIMIT_AUTH_FAILURES: '6000',
    HTTP_BODY_LIMIT: '20000',
    WEBHOOK_ALLOW_HTTP: 'true',
    WEBHOOK_ALLOWED_CIDRS: '127.0.0.0/8',
  },
});
let document: Document;
let contract: Contract;

beforeAll(async () => {
  await otklik.start();
  document = (await otklik.api.get<Document>('/openapi.json')).body;
  contract = new Contract(document);
  // Lists have something to show, more than a page of one, and examples find the client that they are about.
  for (const content of ['Where is my parcel?', 'My card was stolen!']) {
    await otklik.accept({ clientId: 'shop-42', content });
  }
  await otklik.createKey({ name: 'another', scopes: ['messages:read'] });
});

afterAll(async () => {
  await otklik.stop();
  backupFolders.remove();
});

let unchanged: Promise<Subjects> | undefined;

/** For requests that change nothing, the same ones. */
async function subjectsFor({ method }: Operation, status: number): Promise<Subjects> {
  // One of the examples enters it.
  await otklik.api.post('/api/system/maintenance', { enabled: false });
  if (method !== 'get' && status < 400) return newSubjects(otklik, newBackup);
  unchanged ??= newSubjects(otklik, newBackup);
  return unchanged;
}

let backup: Promise<string> | undefined;

/** One for all: what is done with it leaves it as it is. */
function newBackup(): Promise<string> {
  backup ??= makeBackup(otklik).then(({ filename }) => filename);
  return backup;
}

/** Has something go on about backups, until the answer. */
async function duringBackup<T>(work: () => Promise<T>): Promise<T> {
  await otklik.database.query(
    `insert into backup_runs (id, action, kind, filename, status, phase, started_at, leased_until)
     values (gen_random_uuid(), 'backup', 'manual', 'one', 'running', 'dumping', $1, $1)`,
    [otklik.clock.iso(1)],
  );
  try {
    return await work();
  } finally {
    await otklik.database.query(`delete from backup_runs where status = 'running'`);
  }
}

/** Sends a request about something that exists, and says what about the answer the document does not say. */
async function faultsOfRequest(
  operation: Operation,
  request: { api?: ApiClient; path?: string; body?: string; type?: string; status: number },
): Promise<string[]> {
  const path = request.path ?? pathFor(operation, await subjectsFor(operation, request.status));
  const media = mediaOf(operation.requestBody?.content);
  const body = request.body ?? (media && JSON.stringify(media[1].example));
  const answer = await (request.api ?? otklik.api).send(operation.method.toUpperCase(), path, {
    ...(body !== undefined && { body, headers: { 'content-type': request.type ?? 'application/json' } }),
  });
  const faults = contract.faultsOf(operation, answer);
  if (answer.status !== request.status) faults.push(`answered ${answer.status}, not ${request.status}`);
  return faults.map((fault) => `${operation.operationId}: ${fault}`);
}

/** The faults of all operations that have a status in the document. */
async function faultsOfAll(
  status: number,
  request: (operation: Operation) => Promise<Partial<Parameters<typeof faultsOfRequest>[1]>>,
): Promise<string[]> {
  const faults: string[] = [];
  const concerned = operationsOf(document).filter(({ responses }) => responses[status] !== undefined);
  expect(concerned).not.toHaveLength(0);
  for (const operation of concerned) {
    faults.push(...(await faultsOfRequest(operation, { ...(await request(operation)), status })));
  }
  return faults;
}

describe('the OpenAPI document', () => {
  it("is clean by Redocly's recommended rules, and a few more (redocly.yaml)", async () => {
    const root = packageFolder(import.meta.url);
    const folder = mkdtempSync(join(tmpdir(), 'otklik-openapi-'));
    try {
      const file = join(folder, 'openapi.json');
      writeFileSync(file, JSON.stringify(document));
      const cli = join(root, 'node_modules/@redocly/cli/bin/cli.js');
      const rules = ['--config', join(root, 'redocly.yaml'), '--format', 'json'];
      const lint = spawn(process.execPath, [cli, 'lint', file, ...rules], {
        cwd: folder,
        env: { PATH: process.env.PATH, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      let report = '';
      lint.stdout.setEncoding('utf8').on('data', (text: string) => {
        report += text;
      });
      await once(lint, 'close');
      expect(JSON.parse(report)).toMatchObject({ totals: { errors: 0, warnings: 0 }, problems: [] });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('has every route of the server, and no other', async () => {
    const fastify: FastifyInstance = otklik.part(HttpAdapterHost).httpAdapter.getInstance();
    const served = routesOf(fastify.printRoutes({ commonPrefix: false }))
      .filter(({ path }) => !AROUND_THE_API.test(path))
      .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`);
    const documented = operationsOf(document).map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    expect(served.sort()).toEqual(documented.sort());
  });

  it('says for every operation what it is for, who may call it, and for every parameter what it means', () => {
    const names = document.openapi && operationsOf(document).map(({ operationId }) => operationId);
    expect(new Set(names).size).toBe(operationsOf(document).length);
    for (const operation of operationsOf(document)) {
      expect(operation).toMatchObject({ summary: expect.any(String), tags: [expect.any(String)] });
      expect(operation.requestBody?.required ?? true).toBe(true);
      for (const parameter of operation.parameters ?? []) {
        expect(parameter).toMatchObject({
          description: expect.stringMatching(/\w/),
          schema: { examples: [expect.anything()] },
        });
      }
      const isPublic = operation.path.startsWith('/health');
      expect(operation.security).toEqual(isPublic ? [] : [{ apiKey: [expect.stringMatching(/^\w+:\w+$/)] }]);
    }
  });

  it('has examples that are valid by its own schemas', () => {
    const faults: string[] = [];
    for (const operation of operationsOf(document)) {
      const medias = [
        ...Object.entries(operation.requestBody?.content ?? {}),
        ...Object.values(operation.responses).flatMap(({ content }) => Object.entries(content ?? {})),
      ];
      for (const [type, { schema, example }] of medias) {
        const found = example === undefined ? ['there is none'] : contract.faultsOfValue(schema, example);
        faults.push(...found.map((fault) => `example of ${operation.operationId} (${type}): ${fault}`));
      }
      for (const { name, schema } of operation.parameters ?? []) {
        for (const example of schema.examples ?? []) {
          const found = contract.faultsOfValue(schema, example);
          faults.push(...found.map((fault) => `example of ${name} of ${operation.operationId}: ${fault}`));
        }
      }
    }
    expect(faults).toEqual([]);
  });

  it('says what the server answers to each of its examples', async () => {
    const faults: string[] = [];
    for (const operation of operationsOf(document)) {
      for (const call of await exampleCalls(operation, otklik.api, () => subjectsFor(operation, 200))) {
        const body = call.body === undefined ? {} : { body: JSON.stringify(call.body) };
        const answer = await otklik.api.send(call.method, call.path, { ...body, headers: call.headers });
        const found = contract.faultsOf(operation, answer);
        // What goes on about backups would refuse the next call.
        if (call.path.startsWith('/api/system/backup/')) await backupsAtRest(otklik);
        if (answer.status >= 300) found.push(`answered ${answer.status} ${JSON.stringify(answer.body)}`);
        faults.push(...found.map((fault) => `${call.name}: ${fault}`));
      }
    }
    expect(faults).toEqual([]);
  });

  it.each<[string, object]>([
    ['replyToConversation', { content: 'Yes', author: 'operator' }],
    ['createReminder', { scheduledAt: otklik.clock.iso(60_000) }],
  ])('also says what is answered to a repeated %s, and to another with its key', async (id, body) => {
    const operation = operationsOf(document).find(({ operationId }) => operationId === id);
    if (!operation) throw new Error(`There is no ${id}.`);
    const { conversationId } = await otklik.accept({ clientId: newClient(), content: 'Twice' });
    const path = operation.path.replace('{id}', conversationId);
    const key = { 'idempotency-key': `openapi-${id}` };
    const elsewhere = path.replace(conversationId, NOBODY);
    const answers = [
      await otklik.api.post(path, body, key),
      await otklik.api.post(path, body, key),
      await otklik.api.post(elsewhere, body, key),
    ];
    expect(answers.map(({ status }) => status)).toEqual([201, 200, 422]);
    for (const answer of answers) expect(contract.faultsOf(operation, answer)).toEqual([]);
  });

  it('has one form of lists: items in `data`, and where to go on in `nextCursor`', () => {
    const lists = operationsOf(document).flatMap(({ operationId, responses }) => {
      const media = mediaOf(responses[200]?.content);
      const name = String(media?.[1].schema.$ref).split('/').at(-1) ?? '';
      const { properties = {}, required } = document.components.schemas[name] ?? {};
      const isList = (properties as Record<string, { type?: string }>).data?.type === 'array';
      return isList ? [{ operationId, required }] : [];
    });
    expect(lists.length).toBeGreaterThan(15);
    for (const list of lists)
      expect(list).toMatchObject({ required: expect.arrayContaining(['data', 'nextCursor']) });
  });

  it('has lists that know their own cursors from those of others', async () => {
    const names: unknown[] = [];
    for (const operation of operationsOf(document)) {
      if (!operation.parameters?.some(({ name }) => name === 'cursor')) continue;
      const path = pathFor(operation, await subjectsFor(operation, 200));
      const { body } = await otklik.api.get<PageOf<unknown>>(`${path}?limit=1`);
      if (body.nextCursor !== null)
        names.push(JSON.parse(Buffer.from(body.nextCursor, 'base64url').toString())[0]);
    }
    expect(names.length).toBeGreaterThan(5);
    expect(names).toEqual([...new Set(names)]);
    expect(names).not.toContainEqual(expect.stringMatching(/^[0-9a-f]{8}-/));
  });

  it('types both answers to a message: the first, and its repetition', async () => {
    const operation = operationsOf(document).find(({ operationId }) => operationId === 'receiveMessage');
    if (!operation) throw new Error('There is no receiveMessage.');
    expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['200', '201', '422']));
    const message = { clientId: newClient(), content: 'Twice' };
    const key = { 'idempotency-key': 'openapi-1' };
    const first = await otklik.receive(message, key);
    const second = await otklik.receive(message, key);
    const other = await otklik.receive({ ...message, content: 'Else' }, key);
    expect([first.status, second.status, other.status]).toEqual([201, 200, 422]);
    for (const answer of [first, second, other]) expect(contract.faultsOf(operation, answer)).toEqual([]);
  });
});

describe('the problems in the OpenAPI document are those of the server', () => {
  it('400: a request that is not valid', async () => {
    const faults = await faultsOfAll(400, async (operation) => {
      if (operation.requestBody) return { body: '{"unknown":1}' };
      if (operation.path.includes('{id}')) return { path: operation.path.replace('{id}', 'none') };
      if (operation.path.includes('{clientId}')) return { path: operation.path.replace('{clientId}', '~') };
      // What every route refuses, health included.
      return { path: `${operation.path}?x=${encodeURIComponent("' or 1=1 --")}` };
    });
    expect(faults).toEqual([]);
  });

  it.each([
    ['listMessages', 'GET', '/api/messages?limit=201', undefined],
    ['getMessage', 'GET', '/api/messages/none', undefined],
    ['createWebhook', 'POST', '/api/webhooks', '{}'],
  ])('400: an example is in the words of the server: %s', async (id, method, path, body) => {
    const operation = operationsOf(document).find(({ operationId }) => operationId === id);
    const example = operation?.responses[400]?.content?.['application/problem+json']?.example;
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const answer = await otklik.api.refused(method, path, { ...(body !== undefined && { body }), headers });
    expect(answer.body.errors).toEqual((example as { errors: unknown }).errors);
    expect(answer.body.detail).toBe((example as { detail: string }).detail);
  });

  it('401: no key, or a wrong one', async () => {
    expect(await faultsOfAll(401, async () => ({ api: otklik.api.withKey(undefined) }))).toEqual([]);
    expect(await faultsOfAll(401, async () => ({ api: otklik.api.withKey('otk_wrong') }))).toEqual([]);
  });

  it('403: a key without the scope that the operation names', async () => {
    const lacking = async ({ security }: Operation): Promise<{ api: ApiClient }> => {
      const needed = security[0]?.apiKey?.[0];
      return { api: await otklik.caller(needed === 'messages:read' ? 'messages:write' : 'messages:read') };
    };
    expect(await faultsOfAll(403, lacking)).toEqual([]);
  });

  it('404: something that is not there', async () => {
    const nowhere = async ({ path }: Operation): Promise<{ path: string }> => ({
      path: path
        .replace('{id}', NOBODY)
        .replace('{replayId}', NOBODY)
        .replace('{clientId}', 'nobody')
        .replace('{filename}', 'otklik-20261121T020000Z-daily-00000000.dump')
        .replace('{service}', 'nothing')
        .replace('{name}', 'nothing'),
    });
    expect(await faultsOfAll(404, nowhere)).toEqual([]);
  });

  it('409: a conversation that is closed, an escalation that nobody has claimed, a disabled webhook whose secret cannot be opened, a backup while one is made', async () => {
    await newBackup();
    const wrong = async (operation: Operation) => {
      const subjects = await newSubjects(otklik, newBackup);
      await otklik.api.post(`/api/conversations/${subjects.conversationId}/close`, { reason: 'solved' });
      await otklik.api.send('POST', `/api/escalations/${subjects.escalationId}/release`);
      await otklik.database.query(`update webhook_secrets set sealed = '' where webhook_id = $1`, [
        subjects.webhookId,
      ]);
      await otklik.api.send('PATCH', `/api/webhooks/${subjects.webhookId}`, {
        body: '{"enabled":false}',
        headers: { 'content-type': 'application/json' },
      });
      return { path: pathFor(operation, subjects) };
    };
    const faults = await duringBackup(() => faultsOfAll(409, wrong));
    expect(faults).toEqual([]);
  });

  it('413: a body that is too large', async () => {
    const body = JSON.stringify({ content: 'x'.repeat(30_000) });
    expect(await faultsOfAll(413, async () => ({ body }))).toEqual([]);
  });

  it('415: a body that is not JSON', async () => {
    expect(await faultsOfAll(415, async () => ({ body: 'hello', type: 'text/plain' }))).toEqual([]);
  });
});
