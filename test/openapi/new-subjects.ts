import type { ErasureView } from '../../src/clients/erasure.schemas.js';
import type { EscalationView } from '../../src/escalations/escalation.schemas.js';
import type { EventView } from '../../src/events/event.schemas.js';
import type { ReplayView } from '../../src/webhooks/replay.schemas.js';
import type { WebhookView } from '../../src/webhooks/webhook.schemas.js';
import type { PageOf } from '../support/api-client.js';
import { makeAttempts, makeDelivery, makeEvent } from '../support/deliveries.js';
import { newClient, type TestOtklik } from '../support/test-otklik.js';
import type { Subjects } from './example-calls.js';

/**
 * Makes things that examples can be about.
 *
 * @param backup its name, once all others are there; one for all, for what is done with it leaves it as it is
 */
export async function newSubjects(otklik: TestOtklik, backup: () => Promise<string>): Promise<Subjects> {
  const clientId = newClient();
  const { id, conversationId, reminders } = await otklik.accept({ clientId, content: 'Hello' });
  await otklik.accept({ clientId, content: 'Is anybody there?' });
  const [pending, failed] = reminders.map((reminder) => reminder.id);
  if (!pending || !failed) throw new Error('A message that waits has more than one reminder.');
  await otklik.database.query('update reminders set failed_at = created_at where id = $1', [failed]);
  const key = await otklik.createKey({ name: 'spec', scopes: ['messages:read'] });
  const webhookId = await newWebhook(otklik);
  return {
    messageId: id,
    clientId,
    conversationId,
    apiKeyId: key.id,
    reminderId: pending,
    failedReminderId: failed,
    escalationId: await newClaim(otklik),
    eventId: await newestEvent(otklik),
    webhookId,
    deliveryId: await newDelivery(otklik, webhookId),
    replayId: await newReplay(otklik, webhookId),
    erasureId: await newErasure(otklik),
    backupFilename: await backup(),
  };
}

/** An endpoint that refuses connections. */
async function newWebhook(otklik: TestOtklik): Promise<string> {
  const { body } = await otklik.api.post<WebhookView>('/api/webhooks', { url: 'http://127.0.0.1:1/' });
  return body.id;
}

/** One that is over; its event happened in the range of time that the examples are about. */
async function newDelivery(otklik: TestOtklik, webhookId: string): Promise<string> {
  const eventId = await makeEvent(otklik.database, { at: '2026-11-20T10:00:00.000Z' });
  const id = await makeDelivery(otklik.database, webhookId, eventId, { outcome: 'dead' });
  await makeAttempts(otklik.database, id, 1);
  return id;
}

async function newReplay(otklik: TestOtklik, webhookId: string): Promise<string> {
  const { body } = await otklik.api.post<ReplayView>(`/api/webhooks/${webhookId}/replay`, {
    since: '2026-11-20T09:00:00Z',
  });
  return body.id;
}

async function newErasure(otklik: TestOtklik): Promise<string> {
  const { clientId } = await otklik.accept({ clientId: newClient(), content: 'Hello' });
  return (await otklik.api.delete<ErasureView>(`/api/clients/${clientId}`)).body.id;
}

async function newestEvent(otklik: TestOtklik): Promise<string> {
  const { body } = await otklik.api.get<PageOf<EventView>>('/api/events?limit=1');
  return body.data[0]?.id ?? '';
}

/** An escalation that an operator has claimed; those that others made wait on. */
async function newClaim(otklik: TestOtklik): Promise<string> {
  const { conversationId } = await otklik.accept({ clientId: newClient(), content: 'Hello' });
  const { body } = await otklik.api.post<EscalationView>(`/api/conversations/${conversationId}/escalate`, {
    reason: 'Asks for a manager.',
  });
  await otklik.database.query(
    `update escalations
        set operator_id = 'maria', claimed_at = created_at, claim_expires_at = created_at + interval '30 minutes'
      where id = $1`,
    [body.id],
  );
  return body.id;
}
