import { Retention } from '../src/retention/retention.js';
import { DAY, HOUR, SECOND } from './support/settable-clock.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

describe('a request with an idempotency key (D3, D4)', () => {
  const otklik = new TestOtklik();
  beforeAll(() => otklik.start());
  afterAll(() => otklik.stop());

  const withKey = (key: string) => ({ 'idempotency-key': key });

  it('gets the first answer again, marked as such, with what it repeats', async () => {
    const message = { clientId: newClient(), content: 'My card was stolen!', metadata: { order: 'A-17' } };
    const first = await otklik.receive(message, withKey('again-1'));
    otklik.clock.advance(HOUR);
    await otklik.accept({ clientId: message.clientId, content: 'And my phone' });
    const second = await otklik.receive(message, withKey('again-1'));
    expect(first.status).toBe(201);
    expect(second.status).toBe(200);
    expect(second.headers['idempotent-replayed']).toBe('true');
    expect(second.body).toEqual({
      ...first.body,
      duplicate: { of: first.body.id, reason: 'idempotency_key', firstSeenAt: first.body.createdAt },
    });
  });

  it('leaves nothing new behind when it comes again', async () => {
    const message = { clientId: newClient(), content: 'Once' };
    await otklik.accept(message, withKey('nothing-new'));
    const before = await otklik.database.countRows();
    for (let i = 0; i < 5; i++) await otklik.receive(message, withKey('nothing-new'));
    expect(await otklik.database.countRows()).toEqual(before);
  });

  it('is known by its key in either header, plain or in the quotes of the draft', async () => {
    const message = { clientId: newClient(), content: 'Either way' };
    const { id } = await otklik.accept(message, { 'x-idempotency-key': 'either "way" \\' });
    for (const headers of [
      { 'idempotency-key': 'either "way" \\' },
      { 'idempotency-key': '"either \\"way\\" \\\\"' },
      { 'x-idempotency-key': '"either \\"way\\" \\\\"' },
      { 'x-idempotency-key': 'either "way" \\', 'idempotency-key': '"either \\"way\\" \\\\"' },
    ]) {
      const { status, body } = await otklik.receive(message, headers);
      expect([status, body.duplicate?.of]).toEqual([200, id]);
    }
  });

  it('is refused when its two headers differ', async () => {
    const { status, body } = await otklik.receive(
      { clientId: newClient(), content: 'Which?' },
      { 'x-idempotency-key': 'one', 'idempotency-key': 'other' },
    );
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'validation_failed', errors: [{ path: 'Idempotency-Key' }] });
  });

  it.each([1, 255])('may have a key of %i characters', async (length) => {
    const message = { clientId: newClient(), content: 'Any length' };
    const key = 'k'.repeat(length);
    const first = await otklik.accept(message, withKey(key));
    expect((await otklik.receive(message, withKey(`"${key}"`))).body.duplicate?.of).toBe(first.id);
  });

  it.each([
    ['none', '""'],
    ['256', 'k'.repeat(256)],
    ['256 in quotes', `"${'k'.repeat(256)}"`],
    ['foreign', 'cl\u00e9'],
    ['a tab among the', 'a\tb'],
  ])('may not have %s characters', async (_what, key) => {
    const { status, body } = await otklik.receive({ clientId: newClient(), content: 'x' }, withKey(key));
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'validation_failed', errors: [{ path: 'Idempotency-Key' }] });
  });

  it.each([
    ["'; drop table messages; --"],
    ['<script>alert(1)</script>'],
    ['../../etc/passwd'],
    ['a b,c;d=e'],
  ])('may have any printable key: %s', async (key) => {
    const message = { clientId: newClient(), content: 'Any key' };
    const { id } = await otklik.accept(message, withKey(key));
    expect((await otklik.receive(message, withKey(key))).body.duplicate?.of).toBe(id);
  });

  it('is refused with another body, whatever differs', async () => {
    const message = { clientId: newClient(), content: 'This' };
    await otklik.accept(message, withKey('reused'));
    const before = await otklik.database.countRows();
    for (const other of [
      { ...message, content: 'That' },
      { ...message, clientId: newClient() },
      { ...message, metadata: { a: 1 } },
      { ...message, channel: 'shop' },
      { ...message, timestamp: otklik.clock.iso() },
      { ...message, client: { name: 'Anna' } },
    ]) {
      const { status, body } = await otklik.receive(other, withKey('reused'));
      expect(status).toBe(422);
      expect(body).toMatchObject({
        status: 422,
        code: 'idempotency_key_reused',
        title: 'Unprocessable Content',
      });
    }
    expect(await otklik.database.countRows()).toEqual(before);
  });

  it('is the same request in another spelling of its JSON', async () => {
    const clientId = newClient();
    const { id } = await otklik.accept(
      { clientId, content: 'Caf\u00e9', channel: 'api', metadata: { order: 'A-17', cart: { a: 1, b: [2] } } },
      withKey('spelling'),
    );
    const { status, body } = await otklik.api.send<{ duplicate: unknown }>('POST', '/api/messages', {
      body: `{ "metadata": { "cart": { "b": [2], "a": 1.0 }, "order": "A-17" },
               "content": "Cafe\\u0301",\n "clientId": "${clientId}" }`,
      headers: { 'content-type': 'application/json; charset=utf-8', ...withKey('spelling') },
    });
    expect(status).toBe(200);
    expect(body.duplicate).toMatchObject({ of: id });
  });

  it('does not meet the keys of other callers', async () => {
    const message = { clientId: newClient(), content: 'Mine' };
    const [one, other] = [await otklik.caller('messages:write'), await otklik.caller('messages:write')];
    const answers = [];
    for (const caller of [one, other, one, other]) {
      answers.push(await caller.post<{ id: string }>('/api/messages', message, withKey('shared-name')));
    }
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 200, 200]);
    const [first, second, third, fourth] = answers.map(({ body }) => body.id);
    expect(first).not.toBe(second);
    expect([third, fourth]).toEqual([first, second]);
  });

  it('leaves the key free when it failed validation', async () => {
    const clientId = newClient();
    const refused = await otklik.receive({ clientId, content: '' }, withKey('free-again'));
    const late = await otklik.receive(
      { clientId, content: 'x', timestamp: otklik.clock.iso(HOUR) },
      withKey('free-again'),
    );
    const accepted = await otklik.receive({ clientId, content: 'Now' }, withKey('free-again'));
    expect([refused.status, late.status, accepted.status]).toEqual([400, 400, 201]);
  });

  it('is a new message where the key is new, however alike', async () => {
    const message = { clientId: newClient(), content: 'Same words' };
    await otklik.accept(message, withKey('alike-1'));
    expect((await otklik.receive(message, withKey('alike-2'))).status).toBe(201);
  });

  it('keeps its key for at least a day, two by default; afterwards it is free', async () => {
    const message = { clientId: newClient(), content: 'Long ago' };
    const first = await otklik.accept(message, withKey('expiring'));
    otklik.clock.advance(DAY);
    expect((await otklik.receive(message, withKey('expiring'))).status).toBe(200);
    otklik.clock.advance(DAY - SECOND);
    expect((await otklik.receive(message, withKey('expiring'))).status).toBe(200);
    otklik.clock.advance(SECOND);
    const later = await otklik.receive({ ...message, content: 'Anew' }, withKey('expiring'));
    expect(later.status).toBe(201);
    expect(later.body.id).not.toBe(first.id);
    const again = await otklik.receive({ ...message, content: 'Anew' }, withKey('expiring'));
    expect(again.body.duplicate).toMatchObject({ of: later.body.id });
  });

  it('is forgotten by the clean-up once it has expired, not before', async () => {
    const retention = otklik.part(Retention);
    otklik.clock.advance(3 * DAY);
    await retention.run();
    for (let i = 0; i < 3; i++) {
      await otklik.accept({ clientId: newClient(), content: 'x' }, withKey(`cleanup-${i}`));
    }
    otklik.clock.advance(2 * DAY - 1);
    expect(await retention.run()).toEqual({ handled: 0 });
    otklik.clock.advance(1);
    expect(await retention.run()).toEqual({ handled: 3 });
    expect((await otklik.database.countRows()).idempotency_records).toBe(0);
  });
});
