import { makeDelivery, makeEvent, makeWebhook } from './support/deliveries.js';
import { Scrape } from './support/scrape.js';
import { SECOND } from './support/settable-clock.js';
import { newClient, TestOtklik } from './support/test-otklik.js';
import { makeWaitingConversations } from './support/waiting-conversations.js';

describe('metrics of the queues', () => {
  const otklik = new TestOtklik({ env: { METRICS_DATABASE_INTERVAL: 'PT0S' } });
  beforeAll(() => otklik.start());
  afterAll(() => otklik.stop());

  const scrape = () => Scrape.of(otklik.api);

  it('say how endpoints are, and how late what nothing holds back is', async () => {
    /** An endpoint that has had one delivery due for so long. */
    const endpoint = async (seconds: number, webhook: string, state: string) => {
      const id = await makeWebhook(otklik.database);
      const at = otklik.clock.iso(-seconds * SECOND);
      await makeDelivery(otklik.database, id, await makeEvent(otklik.database, { at }));
      await otklik.database.execute(`
        update webhooks set ${webhook} where id = '${id}';
        update webhook_states set ${state} where webhook_id = '${id}'`);
    };
    const goes = 'blocked_until = null';
    await endpoint(10, 'enabled = true', goes);
    await endpoint(20, 'enabled = true', `${goes}, failing_since = '2026-11-21T08:00:00Z'`);
    await endpoint(30, 'rate_limit_per_second = 1', goes);
    await endpoint(40, 'enabled = true', `failing_since = '2026-11-21T08:00:00Z'`);
    await endpoint(50, 'enabled = false', goes);
    await endpoint(60, `enabled = false, disabled_reason = 'gone'`, goes);
    await endpoint(70, 'enabled = false, deleted_at = updated_at', goes);
    const seen = await scrape();
    const states = ['well', 'failing', 'paused', 'disabled', 'given_up'];
    expect(states.map((state) => seen.value('otklik_webhook_endpoints', { state }))).toEqual([2, 1, 1, 1, 1]);
    expect(seen.value('otklik_webhook_deliveries_due')).toBe(4);
    expect(seen.value('otklik_webhook_oldest_due_age_seconds')).toBe(20);
  });

  it('say how many escalations wait, and for how long the first that nobody has claimed', async () => {
    for (let count = 0; count < 2; count++) {
      const { conversationId } = await otklik.accept({ clientId: newClient(), content: 'Hello' });
      await otklik.api.post(`/api/conversations/${conversationId}/escalate`, { reason: 'Help!' });
      otklik.clock.advance(30 * SECOND);
    }
    const all = await scrape();
    expect(all.value('otklik_escalations', { state: 'waiting' })).toBe(2);
    // What happens in the same millisecond is told one after the other.
    expect(all.value('otklik_escalation_oldest_age_seconds')).toBeCloseTo(60, 1);
    await otklik.api.post('/api/escalations/claim', { operatorId: 'anna' });
    const left = await scrape();
    expect(left.value('otklik_escalations', { state: 'waiting' })).toBe(1);
    expect(left.value('otklik_escalations', { state: 'claimed' })).toBe(1);
    expect(left.value('otklik_escalation_oldest_age_seconds')).toBeCloseTo(30, 1);
  });

  it('say how many reminders are due, and since when', async () => {
    await makeWaitingConversations(otklik.database, 3, otklik.clock.iso(-60 * SECOND));
    await makeWaitingConversations(otklik.database, 2, otklik.clock.iso(SECOND));
    const seen = await scrape();
    expect(seen.value('otklik_reminders_due')).toBe(3);
    expect(seen.value('otklik_reminder_oldest_due_age_seconds')).toBe(60);
  });
});
