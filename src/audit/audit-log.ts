import { hostname } from 'node:os';
import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock, IdGenerator } from '../clock/clock.js';
import { afterCommit } from '../database/after-commit.js';
import { Transactor } from '../database/transactor.js';
import { LOG, type Log } from '../logging/log.js';
import { maskSecrets } from '../logging/mask-secrets.js';
import { type Origin, requestContext } from '../logging/request-context.js';
import { errorMessage } from '../resilience/error-code.js';
import { AuditRepository } from './audit.repository.js';
import {
  type Actor,
  type AuditContent,
  type AuditEntry,
  type Details,
  hashOf,
  NO_ENTRY,
} from './audit-entry.js';

/** What an administrator did, or Otklik in an administrator's place. */
export interface Act {
  /** `api_key.created`, `webhook.disabled`. */
  readonly action: `${string}.${string}`;
  /** What it was done to: an id or a name; null: to the installation. */
  readonly subject: string | null;
  readonly before?: object | undefined;
  readonly after?: object | undefined;
  /** Nobody asked for it, not even the request that it happens in. */
  readonly automatic?: true;
}

/** Otklik itself, where it acts without being asked. */
const SYSTEM: Actor = { kind: 'system', id: null, name: 'otklik' };

/** Records what administrators do, in the transactions in which they do it. */
@Injectable()
export class AuditLog {
  constructor(
    private readonly transactor: Transactor,
    private readonly entries: AuditRepository,
    private readonly clock: Clock,
    private readonly ids: IdGenerator,
    @Inject(LOG) private readonly log: Log,
  ) {}

  /** Records an act that has no transaction of its own. */
  recordAlone(act: Act): Promise<void> {
    return this.transactor.run((tx) => this.record(tx, act));
  }

  /**
   * Does what no transaction can take back. It is recorded before it is begun, and not begun where that fails: nothing is
   * done of which there is no entry. Where it comes to nothing, another entry says so, and which one it is about.
   *
   * @param faultOf what went wrong although nothing was thrown; undefined: nothing
   */
  async perform<T>(
    act: Act,
    work: () => Promise<T>,
    faultOf: (result: T) => string | undefined = () => undefined,
  ): Promise<T> {
    const { number } = await this.transactor.run((tx) => this.write(tx, act));
    let fault: string | undefined;
    try {
      const result = await work();
      fault = faultOf(result);
      return result;
    } catch (error) {
      fault = errorMessage(error);
      throw error;
    } finally {
      if (fault !== undefined) await this.recordFailure(act, number, fault);
    }
  }

  /**
   * Records an act. It belongs at the end of the transaction: from here on, other acts wait for the commit, and whoever
   * takes another lock after it may have to be repeated.
   */
  async record(tx: EntityManager, act: Act): Promise<void> {
    await this.write(tx, act);
  }

  /** That it was begun stands there already; that it failed is told to whoever wanted it in any case. */
  private async recordFailure({ action, subject }: Act, number: number, error: string): Promise<void> {
    const after = { number, action, error };
    await this.recordAlone({ action: 'act.failed', subject, after }).catch((reason) =>
      this.log.error(
        { err: reason, audit: number, action },
        `It was not recorded that an act failed: ${error}`,
      ),
    );
  }

  private async write(
    tx: EntityManager,
    { action, subject, before, after, automatic }: Act,
  ): Promise<AuditEntry> {
    const context = requestContext.getStore();
    const origin = automatic ? undefined : context?.origin;
    const said = storable({
      actor: actorOf(origin),
      address: origin?.ip ?? hostname(),
      subject,
      before: (before as Details | undefined) ?? null,
      after: (after as Details | undefined) ?? null,
    });
    const head = await this.entries.holdHead(tx);
    const content: AuditContent = {
      ...said,
      id: this.ids.next(),
      number: (head?.number ?? 0) + 1,
      at: new Date(this.clock.now()).toISOString(),
      traceId: context?.traceId ?? null,
      action,
      previous: head?.hash ?? NO_ENTRY,
    };
    const entry = { ...content, hash: hashOf(content) };
    await this.entries.insert(tx, entry);
    // Who can change the database cannot change what a collector of logs has got: it tells a chain that was made anew.
    const { number, hash, actor } = entry;
    afterCommit(tx, () =>
      this.log.info({ audit: number, hash, actor: actor.name, action, subject }, 'audit'),
    );
    return entry;
  }
}

function actorOf(origin: Origin | undefined): Actor {
  if (!origin?.caller) return SYSTEM;
  const { id, name } = origin.caller;
  return { kind: id === null ? 'command' : 'api_key', id, name };
}

/** Without secrets, and as PostgreSQL gives it back: it stores no NUL and no half of a pair. */
function storable<T>(value: T): T {
  const text = maskSecrets(JSON.stringify(value));
  return JSON.parse(text, (_, member) =>
    typeof member === 'string' ? member.toWellFormed().replaceAll('\0', '\ufffd') : member,
  );
}
