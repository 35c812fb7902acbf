import type { DemoMessage } from './demo-messages.js';
import { type Sending, sendMessage } from './message-sender.js';
import type { CallPorts } from './patient-call.js';
import { RunTally } from './run-tally.js';

export interface Push {
  /** Part of every Idempotency-Key, so that no two runs share one. */
  readonly runId: string;
  /** How many messages are under way at once. */
  readonly connections: number;
  readonly ports: CallPorts;
  /** After every message, with how many are done. */
  readonly onProgress?: (done: number) => void;
  readonly signal?: AbortSignal;
}

export interface PushResult {
  readonly tally: RunTally;
  readonly seconds: number;
  /** Messages that were never tried, because the run was interrupted or the server was gone. */
  readonly notSent: number;
}

const REPEAT_EVERY = 100;
/** Not 0, so that a run of a few dozen messages has its repeat too. */
const FIRST_REPEAT = 17;

/** Whether a message, by its place in the run, goes out twice at once, as over a flaky network. */
export function isRepeatedOnPurpose(index: number, message: DemoMessage): boolean {
  return message.keyed && index % REPEAT_EVERY === FIRST_REPEAT;
}

/** Sends all messages; those of one client one after another, as that person wrote them. */
export async function pushMessages(messages: readonly DemoMessage[], push: Push): Promise<PushResult> {
  const tally = new RunTally();
  const lastOfClient = new Map<string, Promise<void>>();
  let next = 0;
  let done = 0;

  // After the first message that a patient sender gave up on, the rest would only wait as long in vain.
  const mayGoOn = () => push.signal?.aborted !== true && tally.gaveUp.count === 0;
  const send = async (message: DemoMessage, index: number): Promise<void> => {
    const once = (): Promise<Sending> => sendMessage(message, push.runId, push.ports, push.signal);
    const sendings = isRepeatedOnPurpose(index, message) ? [once(), once()] : [once()];
    for (const sending of await Promise.all(sendings)) tally.record(message, sending);
    done += 1;
    push.onProgress?.(done);
  };
  const worker = async (): Promise<void> => {
    while (mayGoOn()) {
      const index = next;
      const message = messages[index];
      if (message === undefined) return;
      next += 1;
      const earlier = lastOfClient.get(message.clientId) ?? Promise.resolve();
      const sent = earlier.then(() => (mayGoOn() ? send(message, index) : undefined));
      lastOfClient.set(message.clientId, sent);
      await sent;
    }
  };

  const started = push.ports.now();
  await Promise.all(Array.from({ length: Math.min(push.connections, messages.length) }, worker));
  return { tally, seconds: (push.ports.now() - started) / 1000, notSent: messages.length - done };
}
