import { createReadStream, createWriteStream, type WriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';

/** A request that the client means to make once, however often it has to be sent. */
export interface Call {
  readonly number: number;
  readonly action: 'message' | 'reply' | 'close';
  readonly path: string;
  readonly key?: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export type Entry = { readonly at: number } & (
  | { readonly what: 'call'; readonly call: Call }
  | { readonly what: 'answer'; readonly number: number; readonly answer: Answer }
  | { readonly what: 'lost'; readonly number: number; readonly reason: string }
  | { readonly what: 'kill'; readonly victim: string }
);

/** Everything that became of one call, as its sender saw it. */
export interface CallHistory {
  readonly call: Call;
  readonly answers: Answer[];
  /** How often no answer came. */
  lost: number;
}

/** The client's own record, which only grows: what it asked for and what it was told, a line of JSON each. */
export class CallRecord {
  private readonly stream: WriteStream;

  constructor(readonly file: string) {
    this.stream = createWriteStream(file, { flags: 'a' });
  }

  write(entry: Entry): void {
    this.stream.write(`${JSON.stringify(entry)}\n`);
  }

  async close(): Promise<void> {
    this.stream.end();
    await finished(this.stream);
  }
}

/** Reads back what became of each call. */
export async function readHistories(file: string): Promise<CallHistory[]> {
  const histories = new Map<number, CallHistory>();
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const entry = JSON.parse(line) as Entry;
    if (entry.what === 'call') {
      histories.set(entry.call.number, { call: entry.call, answers: [], lost: 0 });
    } else if (entry.what === 'answer') {
      histories.get(entry.number)?.answers.push(entry.answer);
    } else if (entry.what === 'lost') {
      const history = histories.get(entry.number);
      if (history) history.lost++;
    }
  }
  return [...histories.values()];
}

/** Whether an answer says that the call was done. */
export function isAcknowledged({ status }: Answer): boolean {
  return status >= 200 && status < 300;
}

/** The first answer that says that the call was done. */
export function acknowledgement({ answers }: CallHistory): Answer | undefined {
  return answers.find(isAcknowledged);
}
