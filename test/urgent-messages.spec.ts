import type { EventView } from '../src/events/event.schemas.js';
import { MINUTE } from './support/settable-clock.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

/** Words that the triage gives each priority. */
const WORDS = {
  urgent: 'My card was stolen!',
  high: 'I was charged twice for the same order',
  normal: 'zxqv wrblk',
} as const;

interface Escalation {
  readonly id: string;
  readonly priority: string;
  readonly reason: string;
  readonly operator_id: string | null;
}

describe('a message that the triage calls urgent', () => {
  const otklik = new TestOtklik();
  beforeAll(() => otklik.start());
  afterAll(() => otklik.stop());

  const escalationsOf = (conversationId: string) =>
    otklik.database.query<Escalation>(
      `select id, priority, reason, operator_id from escalations
        where conversation_id = $1 and resolved_at is null`,
      [conversationId],
    );

  const eventsOf = async (conversationId: string) =>
    (
      await otklik.api.all<EventView>(
        `/api/events?conversationId=${conversationId}&type=conversation.escalated`,
      )
    )
      .reverse()
      .map(({ data }) => data);

  it('escalates its conversation in the transaction that stores it', async () => {
    const message = await otklik.accept({ clientId: newClient(), content: WORDS.urgent });
    const [escalation, ...others] = await escalationsOf(message.conversationId);
    expect(others).toEqual([]);
    expect(escalation).toMatchObject({ priority: 'urgent', reason: 'triage', operator_id: null });
    expect(await eventsOf(message.conversationId)).toEqual([
      {
        escalationId: escalation?.id,
        conversationId: message.conversationId,
        clientId: message.clientId,
        priority: 'urgent',
        previousPriority: null,
        reason: 'triage',
        level: null,
        note: null,
        escalatedAt: message.createdAt,
      },
    ]);
  });

  it('escalates a conversation that went on calmly until then, once', async () => {
    const clientId = newClient();
    const calm = await otklik.accept({ clientId, content: WORDS.normal });
    expect(await escalationsOf(calm.conversationId)).toEqual([]);
    await otklik.accept({ clientId, content: WORDS.urgent });
    otklik.clock.advance(MINUTE);
    await otklik.accept({ clientId, content: `${WORDS.urgent} Hello?` });
    expect(await escalationsOf(calm.conversationId)).toHaveLength(1);
    expect(await eventsOf(calm.conversationId)).toHaveLength(1);
  });

  it('gives a conversation that the assistant owns to the team', async () => {
    const clientId = newClient();
    const { conversationId } = await otklik.accept({ clientId, content: WORDS.normal });
    await otklik.database.query(`update conversations set status = 'pending' where id = $1`, [
      conversationId,
    ]);
    await otklik.accept({ clientId, content: WORDS.urgent });
    const { body } = await otklik.api.get(`/api/conversations/${conversationId}`);
    expect(body).toMatchObject({ status: 'open', priority: 'urgent' });
  });

  it('lifts what is escalated already, as does any message that is more urgent; no operator loses it', async () => {
    const clientId = newClient();
    const { conversationId } = await otklik.accept({ clientId, content: WORDS.normal });
    await otklik.database.query(
      `insert into escalations
              (id, conversation_id, priority, reason, level, note, created_at, operator_id, claimed_at)
       values (uuid_v7(now()), $1, 'normal', 'policy', 3, null, now(), 'anna', now())`,
      [conversationId],
    );
    for (const content of [WORDS.high, WORDS.normal, WORDS.urgent]) {
      otklik.clock.advance(MINUTE);
      await otklik.accept({ clientId, content });
    }
    expect(await escalationsOf(conversationId)).toMatchObject([
      { priority: 'urgent', reason: 'policy', operator_id: 'anna' },
    ]);
    expect(await eventsOf(conversationId)).toMatchObject([
      { previousPriority: 'normal', priority: 'high', reason: 'policy', level: 3 },
      { previousPriority: 'high', priority: 'urgent', reason: 'policy', level: 3 },
    ]);
  });

  it('leaves nothing behind where its transaction fails', async () => {
    await otklik.database.execute(`
      create function fail() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$;
      create trigger fail before insert on events for each row
        when (new.type = 'message.triaged') execute function fail()`);
    const clientId = newClient();
    const { status } = await otklik.receive({ clientId, content: WORDS.urgent });
    await otklik.database.execute('drop trigger fail on events; drop function fail');
    expect(status).toBe(500);
    const rows = await otklik.database.query(
      `select from escalations join conversations on conversations.id = conversation_id where client_id = $1`,
      [clientId],
    );
    expect(rows).toEqual([]);
  });
});
