import type { LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import { NameResolver } from '../../src/webhooks/sending/name-resolver.js';

/** Lets names point wherever a spec wants, and counts who asks. */
export class StubNameResolver extends NameResolver {
  readonly asked: string[] = [];
  private readonly answers = new Map<string, (readonly string[] | Error | 'never')[]>();

  /** Each look-up gets the next of the answers; the last one stays. */
  set(name: string, ...answers: readonly (readonly string[] | Error | 'never')[]): void {
    this.answers.set(name, [...answers]);
  }

  override async resolve(name: string): Promise<readonly LookupAddress[]> {
    this.asked.push(name);
    const answers = this.answers.get(name) ?? [];
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    if (answer === 'never') return new Promise(() => undefined);
    if (answer instanceof Error) throw answer;
    return (answer ?? []).map((address) => ({ address, family: isIP(address) }));
  }
}
