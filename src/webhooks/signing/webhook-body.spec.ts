import fc from 'fast-check';
import { webhookBody } from './webhook-body.js';

const occurredAt = new Date('2026-11-21T09:00:00.123Z');

describe('the body of a webhook', () => {
  it('is type, time and the stored data, byte for byte', () => {
    const data = '{"z": 1.0, "a":  "\\u00e9é😀",\n"1e2":100E-1}';
    expect(webhookBody({ eventType: 'message.received', occurredAt, data }).toString()).toBe(
      `{"type":"message.received","timestamp":"2026-11-21T09:00:00.123Z","data":${data}}`,
    );
  });

  it('is JSON whatever the type and the data are, and says the same', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.jsonValue(), (eventType, data) => {
        const body = webhookBody({ eventType, occurredAt, data: JSON.stringify(data) });
        const read = JSON.parse(body.toString());
        expect(JSON.stringify(read.data)).toBe(JSON.stringify(JSON.parse(JSON.stringify(data))));
        expect(read.type).toBe(eventType);
        expect(new Date(read.timestamp)).toEqual(occurredAt);
      }),
    );
  });
});
