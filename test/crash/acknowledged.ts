import { isDeepStrictEqual } from 'node:util';
import { type Answer, acknowledgement, type CallHistory, isAcknowledged } from './record.js';

/** The statuses that a client has to expect here: 503 while something is down, 409 on a closed conversation. */
const EXPECTED: Readonly<Record<CallHistory['call']['action'], readonly number[]>> = {
  message: [200, 201, 503],
  reply: [201, 409, 503],
  close: [200, 409, 503],
};

/** What is wrong about the answers themselves, before anything is compared with what is stored. */
export function faultsOfAnswers(histories: readonly CallHistory[]): string[] {
  const faults = histories.flatMap(faultsOfCall);
  const firsts = new Map<unknown, number>();
  const ids = new Map<unknown, number>();
  for (const history of histories) {
    const body = acknowledgement(history)?.body;
    if (history.call.action === 'close' || !body) continue;
    const other = ids.get(body.id);
    if (other !== undefined)
      faults.push(`calls ${other} and ${history.call.number} got the same message ${body.id}`);
    ids.set(body.id, history.call.number);
    if (!body.isFirstMessage) continue;
    const first = firsts.get(body.clientId);
    if (first !== undefined)
      faults.push(`calls ${first} and ${history.call.number} are both the first message`);
    firsts.set(body.clientId, history.call.number);
  }
  return faults;
}

function faultsOfCall(history: CallHistory): string[] {
  const { call, answers } = history;
  const faults: string[] = [];
  const say = (fault: string): void => void faults.push(`call ${call.number} (${call.action}): ${fault}`);
  for (const { status, body } of answers) {
    if (!EXPECTED[call.action].includes(status)) say(`answered ${status} ${JSON.stringify(body)}`);
  }
  if (call.action !== 'message') return faults;
  const done = answers.filter(isAcknowledged);
  if (call.key !== undefined && done.length === 0) say('has a key, and was never acknowledged');
  if (done.filter(({ status }) => status === 201).length > 1) say('was accepted twice');
  const [first] = done;
  if (first && done.some((answer) => !isDeepStrictEqual(facts(answer), facts(first)))) {
    say(`was answered differently: ${JSON.stringify(done.map(({ body }) => body))}`);
  }
  if (first && (first.body.content !== call.body.content || first.body.clientId !== call.body.clientId)) {
    say(`was answered with another message: ${JSON.stringify(first.body)}`);
  }
  for (const { status, body } of done) {
    const duplicate = body.duplicate as { of: unknown; reason: unknown } | null;
    if ((status === 200) !== (duplicate !== null))
      say(`answered ${status} with duplicate ${JSON.stringify(duplicate)}`);
    if (duplicate && (duplicate.of !== body.id || duplicate.reason !== 'idempotency_key')) {
      say(`is said to repeat something else: ${JSON.stringify(duplicate)}`);
    }
  }
  return faults;
}

/** What every answer to one key must say alike. */
export function facts({ body }: Answer): Record<string, unknown> {
  const { duplicate: _duplicate, ...rest } = body;
  return rest;
}
