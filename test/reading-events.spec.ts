import type { EventTypeView, EventView } from '../src/events/event.schemas.js';
import { EVENT_TYPES } from '../src/events/event-catalogue.js';
import { Contract } from './openapi/contract.js';
import type { Document, Media } from './openapi/document.js';
import { faultsOfEvents } from './support/event-forms.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

describe('reading events', () => {
  const otklik = new TestOtklik();
  beforeAll(() => otklik.start());
  afterAll(() => otklik.stop());

  it.each([
    ['message.*', ['message.triaged', 'message.received']],
    ['message.triaged', ['message.triaged']],
    ['conversation.opened,message.triaged', ['message.triaged', 'conversation.opened']],
    ['conversation.*,message.received', ['message.received', 'conversation.opened']],
    ['webhook.*', []],
  ])('lists those of the types %s, newest first', async (type, expected) => {
    const { conversationId } = await otklik.accept({ clientId: newClient(), content: 'Hello' });
    const events = await otklik.api.all<EventView>(
      `/api/events?limit=1&type=${type}&conversationId=${conversationId}`,
    );
    expect(events.map((event) => event.type)).toEqual(expected);
  });

  it.each(['message.sent', 'message', 'message.', '*', 'm*', 'messages.*', '', 'constructor', 'toString.*'])(
    'refuses the type "%s", and says what there is',
    async (type) => {
      const { status, body } = await otklik.api.refused('GET', `/api/events?type=${type}`);
      expect([status, body.code]).toEqual([400, 'validation_failed']);
      expect(body.errors?.[0]?.path).toBe('type');
      for (const known of [...EVENT_TYPES, 'message.*', 'webhook.*']) {
        expect(body.errors?.[0]?.message).toContain(known);
      }
    },
  );

  it('shows every type with its schema', async () => {
    const { body } = await otklik.api.get<{ data: EventTypeView[] }>('/api/event-types');
    expect(body.data.map(({ type }) => type)).toEqual(EVENT_TYPES);
    expect(body.data.find(({ type }) => type === 'escalation.claimed')).toMatchObject({
      version: 1,
      schema: {
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        type: 'object',
        properties: { claimExpiresAt: { type: 'string', format: 'date-time' } },
      },
      example: { operatorId: 'maria' },
    });
  });

  it('describes every type as a webhook, with an example of its form', async () => {
    const { body } = await otklik.api.get<
      Document & { webhooks: Record<string, { post: { requestBody: { content: Record<string, Media> } } }> }
    >('/openapi.json');
    const contract = new Contract(body);
    expect(Object.keys(body.webhooks)).toEqual(EVENT_TYPES);
    for (const [type, { post }] of Object.entries(body.webhooks)) {
      const { schema, example } = post.requestBody.content['application/json'] ?? { schema: {} };
      expect(example).toMatchObject({ type });
      expect(contract.faultsOfValue(schema, example)).toEqual([]);
      expect(contract.faultsOfValue(schema, { type, data: {} })).not.toEqual([]);
    }
  });
});

describe('the specs themselves', () => {
  const otklik = new TestOtklik();
  beforeAll(() => otklik.start());
  afterAll(() => otklik.stop());

  it('notice events that are not as the catalogue says', async () => {
    const { id } = await otklik.accept({ clientId: newClient(), content: 'Hello' });
    expect(await faultsOfEvents(otklik.database)).toEqual([]);
    await otklik.database.query(
      `update events
          set data = case type when 'message.received' then jsonb_set(data::jsonb, '{createdAt}', '"noon"')
                               else data::jsonb || '{"colour": "mauve"}' end,
              type = case type when 'message.triaged' then 'message.guessed' else type end
        where data ->> 'messageId' = $1`,
      [id],
    );
    expect(await faultsOfEvents(otklik.database)).toEqual([
      expect.stringMatching(/^message\.received \S+: createdAt: /),
      expect.stringMatching(/^message\.guessed \S+: the catalogue does not have this type$/),
    ]);
    await otklik.database.execute(`update events set data = '{}'`);
  });
});
