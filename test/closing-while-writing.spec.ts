import { newClient, TestOtklik } from './support/test-otklik.js';

describe('a team that answers and closes while its clients write', () => {
  const otklik = new TestOtklik();
  const replica = new TestOtklik({ beside: otklik });
  beforeAll(async () => {
    await otklik.start();
    await replica.start();
  });
  afterAll(async () => {
    await replica.stop();
    await otklik.stop();
  });

  const ROUNDS = 12;

  it('loses no message, and never puts one into a closed conversation', async () => {
    const clients = Array.from({ length: 8 }, () => newClient());
    const open = new Map<string, string>();
    for (const clientId of clients) {
      open.set(clientId, (await otklik.accept({ clientId, content: 'Hello' })).conversationId);
    }
    const accepted: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const work = clients.flatMap((clientId, index) => {
        const conversation = `/api/conversations/${open.get(clientId)}`;
        const [here, there] = (index + round) % 2 === 0 ? [otklik, replica] : [replica, otklik];
        return [
          there.api.post(`${conversation}/replies`, { content: 'Bye', author: 'operator' }),
          ...[1, 2, 3].map(async (part) => {
            const { id, conversationId } = await here.accept({
              clientId,
              content: `Round ${round}, ${part}`,
            });
            accepted.push(id);
            open.set(clientId, conversationId);
          }),
          there.api.post(`${conversation}/close`, { reason: 'solved' }),
          here.api.post(`${conversation}/priority`, { priority: 'high' }),
        ];
      });
      const answers = await Promise.all(work);
      for (const answer of answers) {
        if (answer) expect([200, 201, 409]).toContain(answer.status);
      }
    }
    const faults = await otklik.database.query(`
      select 'a message after the closing' as fault, message.id
        from messages message
        join conversations conversation on conversation.id = message.conversation_id
       where message.created_at >= conversation.closed_at
       union all
      select 'two active conversations', null from conversations
       where status <> 'closed' group by client_id having count(*) > 1
       union all
      select 'a reminder of a conversation in which nobody waits', reminder.id
        from reminders reminder
        join conversations conversation on conversation.id = reminder.conversation_id
       where conversation.waiting_since is null
         and reminder.sent_at is null and reminder.cancelled_at is null
       union all
      select 'a client who waits without a reminder', id
        from conversations conversation
       where waiting_since is not null and not exists (
         select from reminders where conversation_id = conversation.id and cancelled_at is null)
       union all
      select 'a client who waits although he was answered last', conversation.id
        from conversations conversation
       where waiting_since is not null and 'outbound' = (
         select direction from messages where conversation_id = conversation.id order by created_at desc limit 1)
       union all
      select 'a client who was not answered, but does not wait', conversation.id
        from conversations conversation
       where status <> 'closed' and waiting_since is null and 'inbound' = (
         select direction from messages where conversation_id = conversation.id order by created_at desc limit 1)
       union all
      select 'two messages of a client at the same time', null
        from messages group by client_id, created_at having count(*) > 1
       union all
      select 'an event without its message', event.id
        from events event
       where type = 'message.received'
         and not exists (select from messages where id::text = event.data ->> 'messageId')
       union all
      select 'a cancelled reminder without its event', reminder.id
        from reminders reminder
       where cancelled_at is not null and not exists (
         select from events where type = 'reminder.cancelled' and data ->> 'reminderId' = reminder.id::text)
    `);
    expect(faults).toEqual([]);
    const [stored] = await otklik.database.query<{ count: number }>(
      'select count(*)::int as count from messages where id = any ($1)',
      [accepted],
    );
    expect(accepted).toHaveLength(ROUNDS * clients.length * 3);
    expect(stored?.count).toBe(accepted.length);
    const [closed] = await otklik.database.query<{ count: number }>(
      `select count(*)::int as count from conversations where status = 'closed'`,
    );
    expect(closed?.count).toBeGreaterThan(ROUNDS);
  });
});
