import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock, IdGenerator } from '../clock/clock.js';
import type { Priority } from '../conversations/priority.js';
import { Transactor } from '../database/transactor.js';
import type { NewEvent } from '../events/event-catalogue.js';
import { Outbox } from '../events/outbox.js';
import { ReminderPolicy } from './reminder-policy.js';
import { ReminderPolicyRepository } from './reminder-policy.repository.js';
import { type ChainChange, changeOf } from './reminder-policy-change.js';
import { ReminderPolicyChangeRepository, type WaitingChain } from './reminder-policy-change.repository.js';

/** How much a recalculation changed. */
export interface Recalculated {
  readonly conversations: number;
  readonly reminders: number;
  /** When the first of the changed reminders is due, in milliseconds; undefined: none is. */
  readonly nextAt: number | undefined;
}

interface ChangedChain extends ChainChange {
  readonly chain: WaitingChain;
}

/** Clients that are locked at once. */
const BATCH_SIZE = 500;

const NOTHING: Recalculated = { conversations: 0, reminders: 0, nextAt: undefined };

/** Makes the pending reminders of the conversations that wait those of their policy as it is now. */
@Injectable()
export class ReminderPolicyRecalculation {
  constructor(
    private readonly table: ReminderPolicyChangeRepository,
    private readonly policies: ReminderPolicyRepository,
    private readonly transactor: Transactor,
    private readonly outbox: Outbox,
    private readonly clock: Clock,
    private readonly ids: IdGenerator,
  ) {}

  /**
   * Goes through everybody who waits with a priority, a batch of clients in a transaction at a time; done again, it
   * changes nothing.
   *
   * @param options.plannedSince only conversations of which a reminder was planned since then
   */
  async run(
    priority: Priority,
    { plannedSince, stopping }: { plannedSince?: Date; stopping?: AbortSignal } = {},
  ): Promise<Recalculated> {
    let all = NOTHING;
    for (let after = ''; !stopping?.aborted; ) {
      const clientIds = await this.table.waitingClients(priority, after, BATCH_SIZE, plannedSince);
      const last = clientIds.at(-1);
      if (last === undefined) break;
      all = sum(all, await this.transactor.run((tx) => this.recalculate(tx, priority, clientIds)));
      after = last;
    }
    return all;
  }

  private async recalculate(
    tx: EntityManager,
    priority: Priority,
    clientIds: readonly string[],
  ): Promise<Recalculated> {
    // Held, so that a batch that began before another change of the policy ends before it.
    const policy = new ReminderPolicy((await this.policies.hold(tx, priority)).view);
    await this.table.lock(tx, clientIds);
    const now = this.clock.now();
    const changed = (await this.table.chains(tx, clientIds, priority)).map((chain) => ({
      chain,
      ...changeOf(chain, policy, now),
    }));
    await this.table.move(
      tx,
      changed.flatMap(({ moved }) => moved.map(({ id, at }) => ({ id, at: new Date(at) }))),
    );
    await this.add(tx, priority, changed);
    const told = [
      ...(await this.cancel(tx, changed, new Date(now))),
      ...(await this.escalate(tx, priority, changed, new Date(now))),
    ];
    await this.outbox.append(tx, told);
    return counted(changed, told);
  }

  private add(tx: EntityManager, priority: Priority, changed: readonly ChangedChain[]): Promise<void> {
    const added = changed.flatMap(({ chain, added }) =>
      added.map(({ level, at }) => ({
        id: this.ids.next(),
        conversationId: chain.conversationId,
        messageId: chain.messageId,
        level,
        at: new Date(at),
        // The first of a chain says when it began.
        createdAt: new Date(chain.startedAt),
      })),
    );
    return this.table.insert(tx, priority, added);
  }

  private async cancel(tx: EntityManager, changed: readonly ChangedChain[], at: Date): Promise<NewEvent[]> {
    const ids = changed.flatMap(({ cancelled }) => cancelled);
    const clientOf = clients(changed);
    return (await this.table.cancel(tx, ids, at)).map(({ id, conversationId, level, scheduledAt }) => ({
      type: 'reminder.cancelled',
      conversationId,
      data: {
        reminderId: id,
        conversationId,
        clientId: clientOf(conversationId),
        level,
        scheduledAt: scheduledAt.toISOString(),
        reason: 'policy_changed',
      },
    }));
  }

  private async escalate(
    tx: EntityManager,
    priority: Priority,
    changed: readonly ChangedChain[],
    at: Date,
  ): Promise<NewEvent[]> {
    const entries = changed
      .filter(({ escalates }) => escalates)
      .map(({ chain, lastLevel }) => ({
        id: this.ids.next(),
        conversationId: chain.conversationId,
        level: lastLevel || null,
      }));
    const clientOf = clients(changed);
    return (await this.table.escalate(tx, priority, entries, at)).map(({ id, conversationId, level }) => ({
      type: 'conversation.escalated',
      conversationId,
      data: {
        escalationId: id,
        conversationId,
        clientId: clientOf(conversationId),
        priority,
        previousPriority: null,
        reason: 'policy',
        level,
        note: null,
        escalatedAt: at.toISOString(),
      },
    }));
  }
}

function clients(changed: readonly ChangedChain[]): (conversationId: string) => string {
  const byConversation = new Map(changed.map(({ chain }) => [chain.conversationId, chain.clientId]));
  return (conversationId) => byConversation.get(conversationId) ?? '';
}

function counted(changed: readonly ChangedChain[], told: readonly NewEvent[]): Recalculated {
  const escalated = new Set(told.map(({ conversationId }) => conversationId));
  const touched = changed.filter(
    ({ chain, moved, added }) => moved.length + added.length > 0 || escalated.has(chain.conversationId),
  );
  const due = touched.flatMap(({ moved, added }) => [...moved, ...added].map(({ at }) => at));
  const cancelled = touched.reduce((count, chain) => count + chain.cancelled.length, 0);
  return {
    conversations: touched.length,
    reminders: due.length + cancelled,
    nextAt: due.length > 0 ? due.reduce((a, b) => Math.min(a, b)) : undefined,
  };
}

function sum(a: Recalculated, b: Recalculated): Recalculated {
  const times = [a.nextAt, b.nextAt].filter((at) => at !== undefined);
  return {
    conversations: a.conversations + b.conversations,
    reminders: a.reminders + b.reminders,
    nextAt: times.length > 0 ? Math.min(...times) : undefined,
  };
}
