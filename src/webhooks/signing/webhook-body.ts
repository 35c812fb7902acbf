import type { Outgoing } from '../sending/attempt-result.js';

/**
 * What is sent of an event, in UTF-8. The stored text of the data goes in as it is, never through a JSON parser:
 * the order of keys and the spelling of numbers stay, and every attempt sends the same bytes.
 */
export function webhookBody({
  eventType,
  occurredAt,
  data,
}: Pick<Outgoing, 'eventType' | 'occurredAt' | 'data'>): Buffer {
  return Buffer.from(
    `{"type":${JSON.stringify(eventType)},"timestamp":"${occurredAt.toISOString()}","data":${data}}`,
  );
}
