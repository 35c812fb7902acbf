import type { Problem } from '../src/http/problem.js';
import type { ReminderView } from '../src/reminders/reminder.schemas.js';
import { eventually } from './support/eventually.js';
import { ReminderWatch } from './support/reminder-watch.js';
import { DAY, HOUR, MINUTE } from './support/settable-clock.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

describe('a reminder that a person makes', () => {
  const otklik = new TestOtklik({ env: { ROLES: 'api,worker', REMINDER_MAX_AHEAD: 'P30D' } });
  const watch = new ReminderWatch(otklik);
  beforeAll(() => otklik.start());
  afterAll(() => otklik.stop());

  const open = () => otklik.accept({ clientId: newClient(), content: 'zxqv wrblk' });
  const make = (conversationId: string, body: unknown) =>
    otklik.api.post<ReminderView>(`/api/conversations/${conversationId}/reminders`, body);
  const refused = async (conversationId: string, body: unknown) =>
    (await otklik.api.post<Problem>(`/api/conversations/${conversationId}/reminders`, body)).body;
  const change = <T = ReminderView>(id: string | undefined, what: 'cancel' | 'retry') =>
    otklik.api.post<T>(`/api/reminders/${id}/${what}`, {});
  const answer = (conversationId: string) =>
    otklik.api.post(`/api/conversations/${conversationId}/replies`, { content: 'Yes', author: 'operator' });

  it('stands among the others, with its note', async () => {
    const { conversationId } = await open();
    const scheduledAt = new Date(otklik.clock.now() + MINUTE).toISOString().replace('Z', '+00:00');
    const { status, body } = await make(conversationId, { scheduledAt, note: 'Cafe\u0301\u0007:\tcall' });
    expect(status).toBe(201);
    expect(body).toEqual({
      id: expect.any(String),
      conversationId,
      messageId: null,
      kind: 'manual',
      level: 0,
      priority: 'normal',
      status: 'pending',
      note: 'Caf\u00e9:\tcall',
      scheduledAt: otklik.clock.iso(MINUTE),
      sentAt: null,
      cancelledAt: null,
      cancelReason: null,
      failedAt: null,
      failure: null,
      attempts: 0,
      createdAt: expect.any(String),
    });
    expect((await watch.of(conversationId))[0]).toEqual(body);
  });

  it('is sent at its time, whether the client waits or not, and changes nothing of the chain', async () => {
    const { conversationId } = await open();
    await answer(conversationId);
    const { body } = await make(conversationId, { scheduledAt: otklik.clock.iso(MINUTE), note: 'Call back' });
    otklik.clock.advance(MINUTE);
    await watch.untilSent(conversationId, 1);
    const [event] = await watch.due(conversationId);
    expect(event?.data).toMatchObject({
      reminderId: body.id,
      kind: 'manual',
      level: 0,
      note: 'Call back',
      waitingSince: null,
    });
    expect(await watch.of(conversationId, 'pending')).toEqual([]);
    expect(await watch.events(conversationId, 'conversation.escalated')).toEqual([]);
  });

  it('is cancelled by an answer, like all that is pending', async () => {
    const { conversationId } = await open();
    const { body } = await make(conversationId, { scheduledAt: otklik.clock.iso(MINUTE) });
    await answer(conversationId);
    expect(await watch.one(conversationId, body.id)).toMatchObject({ cancelReason: 'replied' });
  });

  it('has a time that is neither past nor too far ahead, and a zone', async () => {
    const { conversationId } = await open();
    expect((await make(conversationId, { scheduledAt: otklik.clock.iso() })).status).toBe(201);
    expect((await make(conversationId, { scheduledAt: otklik.clock.iso(30 * DAY) })).status).toBe(201);
    for (const scheduledAt of [
      otklik.clock.iso(-1),
      otklik.clock.iso(30 * DAY + 1),
      '2026-11-22T09:00:00',
      'tomorrow',
      undefined,
    ]) {
      expect(await refused(conversationId, { scheduledAt })).toMatchObject({
        status: 400,
        code: 'validation_failed',
        errors: [{ path: 'scheduledAt' }],
      });
    }
  });

  it('has a note of 1 to 1,000 characters', async () => {
    const { conversationId } = await open();
    const scheduledAt = otklik.clock.iso(HOUR);
    expect((await make(conversationId, { scheduledAt, note: '💳'.repeat(1_000) })).status).toBe(201);
    for (const note of ['', '\u0007', 'x'.repeat(1_001), '\ud800', 7, null]) {
      expect(await refused(conversationId, { scheduledAt, note })).toMatchObject({
        code: 'validation_failed',
        errors: [{ path: 'note' }],
      });
    }
  });

  it('belongs to a conversation that is there and not closed', async () => {
    const { conversationId, reminders } = await open();
    const scheduledAt = otklik.clock.iso(HOUR);
    await otklik.api.post(`/api/conversations/${conversationId}/close`, { reason: 'solved' });
    const closed = { status: 409, code: 'conversation_closed' };
    expect(await refused(conversationId, { scheduledAt })).toMatchObject(closed);
    expect((await change(reminders[0]?.id, 'cancel')).body).toMatchObject(closed);
    expect((await change(reminders[0]?.id, 'retry')).body).toMatchObject(closed);
    const nobody = '019aa5c6-0000-7000-8000-000000000000';
    expect(await refused(nobody, { scheduledAt })).toMatchObject({ code: 'conversation_not_found' });
    for (const what of ['cancel', 'retry'] as const) {
      expect((await change(nobody, what)).body).toMatchObject({ status: 404, code: 'reminder_not_found' });
    }
  });

  it('is cancelled by hand once, with an event', async () => {
    const { conversationId, clientId, reminders } = await open();
    const { status, body } = await change(reminders[1]?.id, 'cancel');
    expect([status, body.status, body.cancelReason]).toEqual([200, 'cancelled', 'by_hand']);
    expect((await watch.events(conversationId, 'reminder.cancelled')).map(({ data }) => data)).toEqual([
      {
        reminderId: reminders[1]?.id,
        conversationId,
        clientId,
        level: 2,
        scheduledAt: reminders[1]?.scheduledAt,
        reason: 'by_hand',
      },
    ]);
    expect((await change(reminders[1]?.id, 'cancel')).body).toMatchObject({
      status: 409,
      code: 'reminder_not_pending',
    });
    expect(await watch.of(conversationId, 'pending')).toHaveLength(2);
  });

  it('is followed by another when the last is cancelled while the client waits', async () => {
    const { id, conversationId, reminders } = await open();
    for (const reminder of reminders) await change(reminder.id, 'cancel');
    const [next, ...others] = await watch.of(conversationId, 'pending');
    expect(others).toEqual([]);
    expect(next).toMatchObject({ kind: 'policy', level: 4, messageId: id, priority: 'normal' });
    otklik.clock.advance(5 * DAY);
    await watch.untilSent(conversationId, 1);
  });

  it('is followed by none where the client does not wait', async () => {
    const { conversationId } = await open();
    await answer(conversationId);
    const { body } = await make(conversationId, { scheduledAt: otklik.clock.iso(HOUR) });
    expect((await change(body.id, 'cancel')).status).toBe(200);
    expect(await watch.of(conversationId, 'pending')).toEqual([]);
  });

  it('hands the conversation to the queue where the policy has none to follow', async () => {
    const policy = { delays: ['PT1H', 'PT4H', 'PT24H'], repeatEvery: null, escalateAtLevel: 3 };
    const changed = await otklik.api.send('PUT', '/api/reminder-policies/normal', {
      body: JSON.stringify({ ...policy, businessHours: null }),
      headers: { 'content-type': 'application/json' },
    });
    expect(changed).toMatchObject({ status: 200 });
    const { conversationId, reminders } = await open();
    for (const reminder of reminders) await change(reminder.id, 'cancel');
    expect(await watch.of(conversationId, 'pending')).toEqual([]);
    const [escalated] = await watch.events(conversationId, 'conversation.escalated');
    expect(escalated?.data).toMatchObject({ reason: 'policy', level: 3, priority: 'normal' });
  });

  it('cannot be tried again unless it has failed', async () => {
    const { reminders } = await open();
    expect((await change(reminders[0]?.id, 'retry')).body).toMatchObject({
      status: 409,
      code: 'reminder_not_failed',
    });
    await otklik.database.query(`update reminders set failed_at = created_at, attempts = 5 where id = $1`, [
      reminders[0]?.id,
    ]);
    const { conversationId } = (await change(reminders[0]?.id, 'retry')).body;
    // A day after it, what the change of the policy above left behind is not planned anew any more.
    otklik.clock.advance(2 * DAY);
    await eventually(
      () => watch.one(conversationId, reminders[0]?.id),
      (reminder) => reminder?.status === 'sent',
    );
  });
});
