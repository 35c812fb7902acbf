import type { ApiAnswer, ApiRequest } from './api-connections.js';
import type { DemoMessage } from './demo-messages.js';
import { sendMessage } from './message-sender.js';

const MESSAGE: DemoMessage = { row: 7, clientId: 'c', text: 'hello', language: 'en', keyed: true };
const ACCEPTED = { status: 201, headers: {}, body: '{"id":"m","conversationId":"v"}' };

function busy(headers: Record<string, string>): ApiAnswer {
  return { status: 503, headers, body: '{"title":"Maintenance"}' };
}

/** Answers with what it is given, in turn, the last one for ever; remembers requests and pauses. */
function script(...answers: readonly (ApiAnswer | Error)[]) {
  const requests: ApiRequest[] = [];
  const pauses: number[] = [];
  return {
    requests,
    pauses,
    ports: {
      now: () => 0,
      pause: async (milliseconds: number) => {
        pauses.push(milliseconds);
      },
      call: async (request: ApiRequest) => {
        requests.push(request);
        const answer = answers[Math.min(requests.length, answers.length) - 1];
        if (answer === undefined || answer instanceof Error) throw answer;
        return answer;
      },
    },
  };
}

describe('sendMessage', () => {
  it('sends the message with a key made of run and row', async () => {
    const { ports, requests } = script(ACCEPTED);
    const { outcome, retries } = await sendMessage(MESSAGE, 'run', ports);
    expect(outcome).toMatchObject({ kind: 'accepted', message: { id: 'm', reminders: [] } });
    expect(retries).toBe(0);
    expect(requests[0]).toMatchObject({
      method: 'POST',
      path: '/api/messages',
      headers: { 'idempotency-key': 'demo-run-7' },
    });
    expect(JSON.parse(requests[0]?.body ?? '')).toEqual({
      clientId: 'c',
      content: 'hello',
      channel: 'api',
      client: { language: 'en' },
      metadata: { demoRun: 'run', row: 7 },
    });
  });

  it('repeats the very same request, and waits as long as it is asked to', async () => {
    const { ports, requests, pauses } = script(new Error('reset'), busy({ 'retry-after': '3' }), ACCEPTED);
    const { retries } = await sendMessage(MESSAGE, 'run', ports);
    expect(retries).toBe(2);
    expect(pauses).toEqual([50, 3000]);
    expect(new Set(requests).size).toBe(1);
  });

  it('loses patience after half a minute of pauses', async () => {
    const { ports, pauses } = script(busy({}));
    const { outcome } = await sendMessage(MESSAGE, 'run', ports);
    expect(outcome).toEqual({ kind: 'gaveUp', detail: 'HTTP 503: Maintenance' });
    expect(pauses.reduce((sum, pause) => sum + pause, 0)).toBeLessThanOrEqual(30_000);
  });

  it('does not wait once it is interrupted', async () => {
    const { ports, pauses } = script(new Error('reset'));
    const { outcome } = await sendMessage(MESSAGE, 'run', ports, AbortSignal.abort());
    expect(outcome).toEqual({ kind: 'gaveUp', detail: 'no answer: reset' });
    expect(pauses).toEqual([]);
  });

  it.each([
    [{ status: 200, headers: {}, body: '<html>' }, 'HTTP 200, but no message in it'],
    [{ status: 500, headers: {}, body: '' }, 'HTTP 500'],
    [{ status: 404, headers: {}, body: 'no such page' }, 'HTTP 404: no such page'],
  ])('takes %p for a refusal', async (answer, detail) => {
    const { outcome } = await sendMessage(MESSAGE, 'run', script(answer).ports);
    expect(outcome).toEqual({ kind: 'refused', status: answer.status, detail });
  });

  it('notices a replay that is not marked as one', async () => {
    const body = JSON.stringify({
      id: 'm',
      conversationId: 'v',
      duplicate: { of: 'm', reason: 'same_content' },
    });
    const { outcome } = await sendMessage(MESSAGE, 'run', script({ status: 200, headers: {}, body }).ports);
    expect(outcome).toMatchObject({ kind: 'replayed', reason: 'same_content (not marked)' });
  });
});
