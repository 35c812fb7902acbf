import type { EscalationView } from '../src/escalations/escalation.schemas.js';
import type { EventView } from '../src/events/event.schemas.js';
import type { ProcessView } from '../src/processes/process.schemas.js';
import { eventually } from './support/eventually.js';
import { MINUTE } from './support/settable-clock.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

const NOBODY = '019aa5c6-7b40-7c3e-9d51-2f6a8b1c4e70';

/** Words that the triage gives the priority normal: what they are in does not escalate by itself. */
const CALM = 'zxqv wrblk';

/** ESCALATION_CLAIM_TIMEOUT, where a spec does not say otherwise. */
const CLAIM_TIMEOUT = 30 * MINUTE;

/** What operators do, with the Otklik that they are told. */
function operatorsOf(otklik: TestOtklik) {
  const claim = (operatorId: string, where = otklik) =>
    where.api.post<EscalationView | undefined>('/api/escalations/claim', { operatorId });

  /** Whether a statement waits for a lock on a table, or on the transaction that has changed a row of it. */
  const waitsFor = async (table: string) => {
    const waiting = await otklik.database.query(
      `select from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock' and query ~ $1`,
      [`(update|from) "?${table}"?`],
    );
    return waiting.length > 0;
  };

  return {
    claim,
    waitsFor,

    /** A claim that has to find something. */
    async claimed(operatorId: string, where = otklik): Promise<EscalationView> {
      const { status, body } = await claim(operatorId, where);
      if (status !== 200 || !body) throw new Error(`Nothing was claimed: ${status} ${JSON.stringify(body)}`);
      return body;
    },

    release: (id: string) => otklik.api.send<EscalationView>('POST', `/api/escalations/${id}/release`),

    reply: (conversationId: string) =>
      otklik.api.post(`/api/conversations/${conversationId}/replies`, { content: 'Hi', author: 'operator' }),

    entry: async (id: string) => (await otklik.api.get<EscalationView>(`/api/escalations/${id}`)).body,

    /** A new conversation, escalated by hand. */
    async escalated(priority = 'normal'): Promise<EscalationView> {
      const { conversationId } = await otklik.accept({ clientId: newClient(), content: CALM });
      const conversation = `/api/conversations/${conversationId}`;
      await otklik.api.post(`${conversation}/priority`, { priority });
      const { body } = await otklik.api.post<EscalationView>(`${conversation}/escalate`, { reason: 'Help!' });
      return body;
    },

    async told(conversationId: string, type: string): Promise<unknown[]> {
      const events = await otklik.api.all<EventView>(
        `/api/events?conversationId=${conversationId}&type=${type}`,
      );
      return events.reverse().map(({ data }) => data);
    },

    /** Sends a reply, and does the work while the reply has resolved the entry and is not committed. */
    async whileReplying<T>(conversationId: string, work: () => Promise<T>): Promise<T> {
      let reply: Promise<unknown> | undefined;
      const result = await otklik.database.during('lock table reminders in exclusive mode', async () => {
        reply = otklik.api.post(`/api/conversations/${conversationId}/replies`, {
          content: 'On my way.',
          author: 'operator',
        });
        await eventually(() => waitsFor('reminders'));
        return work();
      });
      expect(await reply).toMatchObject({ status: 201 });
      return result;
    },
  };
}

describe('operators who claim the next escalation', () => {
  const otklik = new TestOtklik();
  const replica = new TestOtklik({ beside: otklik });
  const { claim, claimed, release, reply, entry, escalated, told, whileReplying, waitsFor } =
    operatorsOf(otklik);
  beforeAll(async () => {
    await otklik.start();
    await replica.start();
  });
  afterEach(() => otklik.database.execute('delete from escalations'));
  afterAll(async () => {
    await replica.stop();
    await otklik.stop();
  });

  it('get the most urgent, the oldest of them, for a time; or nothing', async () => {
    const normal = await escalated('normal');
    const urgent = await escalated('urgent');
    otklik.clock.advance(MINUTE);
    const later = await escalated('urgent');
    otklik.clock.advance(MINUTE);
    const traceId = 'a'.repeat(31).concat('b');
    const { status, body } = await otklik.api.post<EscalationView>(
      '/api/escalations/claim',
      { operatorId: 'maria' },
      { traceparent: `00-${traceId}-00f067aa0ba902b7-01` },
    );
    expect(status).toBe(200);
    expect(body).toEqual({
      ...urgent,
      status: 'claimed',
      operatorId: 'maria',
      claimedAt: otklik.clock.iso(),
      claimExpiresAt: otklik.clock.iso(CLAIM_TIMEOUT),
    });
    expect(await entry(urgent.id)).toEqual(body);
    const [event] = await otklik.api.all<EventView>(
      `/api/events?conversationId=${urgent.conversationId}&type=escalation.claimed`,
    );
    expect(event).toMatchObject({
      traceId,
      timestamp: otklik.clock.iso(),
      data: {
        escalationId: urgent.id,
        conversationId: urgent.conversationId,
        clientId: urgent.clientId,
        operatorId: 'maria',
        claimExpiresAt: body.claimExpiresAt,
      },
    });
    expect([(await claimed('maria')).id, (await claimed('anna')).id]).toEqual([later.id, normal.id]);
    const none = await claim('maria');
    expect([none.status, none.body]).toEqual([204, undefined]);
  });

  it('get each of 100 entries once, 40 of them at two replicas, and none is left over', async () => {
    const entries = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        escalated(['low', 'normal', 'high', 'urgent'][Math.floor(index / 25)]),
      ),
    );
    const claims: { operatorId: string; id: string }[] = [];
    await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        const operatorId = `operator-${index}`;
        for (;;) {
          const { status, body } = await claim(operatorId, index % 2 ? otklik : replica);
          if (!body) {
            expect(status).toBe(204);
            return;
          }
          claims.push({ operatorId, id: body.id });
        }
      }),
    );
    expect(claims.map(({ id }) => id).toSorted()).toEqual(entries.map(({ id }) => id).toSorted());
    const stored = await otklik.database.query<{ id: string; operatorId: string }>(
      `select id, operator_id as "operatorId" from escalations`,
    );
    const byId = (a: { id: string }, b: { id: string }) => a.id.localeCompare(b.id);
    expect(stored.toSorted(byId)).toEqual(claims.toSorted(byId));
    const events = await otklik.database.query<{ id: string; operatorId: string }>(
      `select data->>'escalationId' as id, data->>'operatorId' as "operatorId" from events
        where type = 'escalation.claimed' and conversation_id = any ($1)`,
      [entries.map(({ conversationId }) => conversationId)],
    );
    expect(events.toSorted(byId)).toEqual(claims.toSorted(byId));
  });

  it('do not get what is just being answered, and do not wait for it', async () => {
    const answered = await escalated('urgent');
    const next = await escalated('low');
    const got = await whileReplying(answered.conversationId, () => claimed('maria'));
    expect(got.id).toBe(next.id);
    expect(await entry(answered.id)).toMatchObject({ resolution: 'replied', operatorId: null });
    expect((await claim('anna')).status).toBe(204);
  });

  it('cannot give back what is just being answered: the reply wins', async () => {
    const { id, conversationId } = await escalated();
    await claimed('maria');
    let given: ReturnType<typeof release> | undefined;
    await whileReplying(conversationId, async () => {
      given = release(id);
      await eventually(() => waitsFor('escalations'));
    });
    expect(await given).toMatchObject({ status: 409, body: { code: 'escalation_resolved' } });
    expect(await entry(id)).toMatchObject({ resolution: 'replied', operatorId: 'maria' });
    expect(await told(conversationId, 'escalation.released')).toEqual([]);
  });

  it('leave the entry where it was if the claim cannot be told of', async () => {
    const { id } = await escalated();
    await otklik.database.execute(`
      create function fail() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$;
      create trigger fail before insert on events for each row
        when (new.type = 'escalation.claimed') execute function fail()`);
    const { status } = await claim('maria');
    await otklik.database.execute('drop trigger fail on events; drop function fail');
    expect(status).toBe(500);
    expect(await entry(id)).toMatchObject({ status: 'waiting', operatorId: null });
  });

  it('give it back: it has its old place, and the next one gets it', async () => {
    const first = await escalated();
    otklik.clock.advance(MINUTE);
    const second = await escalated();
    expect((await claimed('maria')).id).toBe(first.id);
    const { status, body } = await release(first.id);
    expect([status, body]).toEqual([200, first]);
    expect(await told(first.conversationId, 'escalation.released')).toEqual([
      {
        escalationId: first.id,
        conversationId: first.conversationId,
        clientId: first.clientId,
        operatorId: 'maria',
        reason: 'released',
      },
    ]);
    expect((await claimed('anna')).id).toBe(first.id);
    expect((await claimed('anna')).id).toBe(second.id);
  });

  it('give it back once, however often they ask at once', async () => {
    const { id, conversationId } = await escalated();
    await claimed('maria');
    const answers = await Promise.all(Array.from({ length: 10 }, () => release(id)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array(9).fill(409)]);
    expect(await told(conversationId, 'escalation.released')).toHaveLength(1);
  });

  it('cannot give back what nobody has, what is resolved, or what is not there', async () => {
    const { id, conversationId } = await escalated();
    const refused = async (escalationId: string) => {
      const { status, body } = await release(escalationId);
      return [status, (body as unknown as { code: string }).code];
    };
    expect(await refused(id)).toEqual([409, 'escalation_not_claimed']);
    await claimed('maria');
    await reply(conversationId);
    expect(await refused(id)).toEqual([409, 'escalation_resolved']);
    expect(await refused(NOBODY)).toEqual([404, 'escalation_not_found']);
    expect(await refused('42')).toEqual([400, 'validation_failed']);
    expect(await told(conversationId, 'escalation.released')).toEqual([]);
  });

  it.each([
    {},
    { operatorId: '' },
    { operatorId: 'ma ria' },
    { operatorId: 'x'.repeat(129) },
    { operatorId: 7 },
  ])('say who they are: %j will not do', async (body) => {
    const { status, body: problem } = await otklik.api.post('/api/escalations/claim', body);
    expect([status, problem]).toMatchObject([400, { errors: [{ path: 'operatorId' }] }]);
  });
});

describe('claims that nobody answers in time', () => {
  // The interval is out of reach: what happens in time happens because somebody knew when.
  const env = { ROLES: 'api,worker', ESCALATION_EXPIRY_INTERVAL: 'PT1H', ESCALATION_BATCH_SIZE: '10' };
  const otklik = new TestOtklik({ env });
  const replica = new TestOtklik({ beside: otklik, env });
  const { claim, claimed, reply, entry, escalated, told, whileReplying } = operatorsOf(otklik);
  beforeEach(async () => {
    await otklik.start();
    await replica.start();
  });
  afterEach(async () => {
    await replica.stop();
    await otklik.stop();
  });

  const expire = () => otklik.api.send<ProcessView>('POST', '/api/system/processes/escalation-claims/run');

  const releases = () =>
    otklik.database.query<{ id: string; reason: string }>(
      `select data->>'escalationId' as id, data->>'reason' as reason from events where type = 'escalation.released'`,
    );

  it('go back to the queue at their time, not before, and everybody is told', async () => {
    const entryBefore = await escalated();
    await claimed('maria');
    otklik.clock.advance(CLAIM_TIMEOUT - 1);
    await expire();
    expect(await entry(entryBefore.id)).toMatchObject({ status: 'claimed' });
    otklik.clock.advance(1);
    expect(
      await eventually(
        () => entry(entryBefore.id),
        ({ status }) => status === 'waiting',
      ),
    ).toEqual(entryBefore);
    expect(await told(entryBefore.conversationId, 'escalation.released')).toEqual([
      {
        escalationId: entryBefore.id,
        conversationId: entryBefore.conversationId,
        clientId: entryBefore.clientId,
        operatorId: 'maria',
        reason: 'expired',
      },
    ]);
    expect((await claimed('anna')).id).toBe(entryBefore.id);
  });

  it('go back after a restart too: the first run finds out when the next one expires', async () => {
    const { id } = await escalated();
    await claimed('maria');
    await replica.stopServing();
    await otklik.stopServing();
    await otklik.start();
    await eventually(
      () => otklik.api.get<{ data: ProcessView[] }>('/api/system/processes'),
      ({ body }) =>
        body.data.find(({ name }) => name === 'escalation-claims')?.nextRunAt ===
        otklik.clock.iso(CLAIM_TIMEOUT),
    );
    otklik.clock.advance(CLAIM_TIMEOUT);
    await eventually(
      () => entry(id),
      ({ status }) => status === 'waiting',
    );
  });

  it('go back once each, in batches, with two workers at it', async () => {
    const entries = await Promise.all(Array.from({ length: 45 }, () => escalated()));
    for (const _ of entries) await claimed('maria');
    otklik.clock.advance(CLAIM_TIMEOUT);
    await eventually(releases, (released) => released.length >= entries.length);
    await expire();
    const released = await releases();
    expect(released.map(({ id }) => id).toSorted()).toEqual(entries.map(({ id }) => id).toSorted());
    expect(new Set(released.map(({ reason }) => reason))).toEqual(new Set(['expired']));
    expect(await otklik.api.all('/api/escalations?status=waiting')).toHaveLength(entries.length);
  });

  it('do not go back once they are answered', async () => {
    const { id, conversationId } = await escalated();
    await claimed('maria');
    await reply(conversationId);
    otklik.clock.advance(CLAIM_TIMEOUT);
    await expire();
    expect(await entry(id)).toMatchObject({ status: 'resolved', operatorId: 'maria', resolution: 'replied' });
    expect(await releases()).toEqual([]);
  });

  it('do not go back while they are being answered: the reply wins', async () => {
    const { id, conversationId } = await escalated();
    await claimed('maria');
    await whileReplying(conversationId, async () => {
      otklik.clock.advance(CLAIM_TIMEOUT);
      await expire();
    });
    await expire();
    expect(await entry(id)).toMatchObject({ status: 'resolved', operatorId: 'maria', resolution: 'replied' });
    expect(await releases()).toEqual([]);
  });

  it('are resolved by a reply that comes after all, while they wait and with the next operator', async () => {
    const [first, second] = [await escalated('urgent'), await escalated('low')];
    await claimed('maria');
    await claimed('maria');
    otklik.clock.advance(CLAIM_TIMEOUT);
    await eventually(releases, (released) => released.length === 2);
    expect((await claimed('anna')).id).toBe(first.id);
    for (const { conversationId } of [first, second]) await reply(conversationId);
    expect((await claim('maria')).status).toBe(204);
    expect(await entry(first.id)).toMatchObject({ status: 'resolved', operatorId: 'anna' });
    expect(await entry(second.id)).toMatchObject({ status: 'resolved', operatorId: null });
  });
});
