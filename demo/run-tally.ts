import type { AcceptedMessage } from './answers.js';
import type { DemoMessage } from './demo-messages.js';
import type { Sending } from './message-sender.js';

/** What the server decided about one message, and the message as it was written. */
export interface Decided {
  readonly sent: DemoMessage;
  readonly answer: AcceptedMessage;
}

/** How often something went wrong, and the first time that it did. */
export interface Mishaps {
  readonly count: number;
  readonly first: { readonly row: number; readonly detail: string } | null;
}

const NONE: Mishaps = { count: 0, first: null };

function oneMore(mishaps: Mishaps, row: number, detail: string): Mishaps {
  const first = mishaps.first === null || row < mishaps.first.row ? { row, detail } : mishaps.first;
  return { count: mishaps.count + 1, first };
}

/** Counts what comes back. */
export class RunTally {
  /** Requests whose outcome is known, those sent twice on purpose included. */
  sendings = 0;
  retries = 0;
  created = 0;
  refused = NONE;
  gaveUp = NONE;
  readonly replays = new Map<string, number>();
  readonly latenciesMs: number[] = [];
  /**
   * By message id. A message counts once, also when its 201 was lost on the way and only a retry's replay
   * told of it.
   */
  readonly decided = new Map<string, Decided>();

  record(sent: DemoMessage, { outcome, retries }: Sending): void {
    this.sendings += 1;
    this.retries += retries;
    switch (outcome.kind) {
      case 'refused':
        this.refused = oneMore(this.refused, sent.row, outcome.detail);
        return;
      case 'gaveUp':
        this.gaveUp = oneMore(this.gaveUp, sent.row, outcome.detail);
        return;
      case 'accepted':
        this.created += 1;
        break;
      case 'replayed':
        this.replays.set(outcome.reason, (this.replays.get(outcome.reason) ?? 0) + 1);
        break;
    }
    this.latenciesMs.push(outcome.latencyMs);
    if (!this.decided.has(outcome.message.id)) {
      this.decided.set(outcome.message.id, { sent, answer: outcome.message });
    }
  }
}
