import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../clock/clock.js';
import { walkAlongIndexes } from '../database/index-walk.js';
import { Transactor } from '../database/transactor.js';
import { Outbox } from '../events/outbox.js';
import type { ProcessHandle, Run } from '../processes/background-process.js';
import { BackgroundProcesses } from '../processes/background-processes.js';
import { ErasedDataRepository, FIRST_KEY, type KeyPosition } from './erased-data.repository.js';
import { type Erasure, ErasureRepository } from './erasure.repository.js';

/** How often erasures are looked for where nobody told of them: those whose worker is gone. */
const INTERVAL = 10 * 60_000;

/**
 * Deletes all that was about erased clients, a batch in a transaction at a time. What is left says how far it is, so
 * another worker goes on where one was killed.
 */
@Injectable()
export class Erasures {
  private readonly handle: ProcessHandle;
  /** Of the erasure whose keys are being looked for. */
  private keys: { readonly of: string; readonly behind: KeyPosition } | undefined;

  constructor(
    private readonly table: ErasureRepository,
    private readonly data: ErasedDataRepository,
    private readonly transactor: Transactor,
    private readonly outbox: Outbox,
    private readonly clock: Clock,
    processes: BackgroundProcesses,
  ) {
    this.handle = processes.register({
      name: 'client-erasures',
      description: 'Deletes all that was about erased clients.',
      interval: INTERVAL,
      run: (stopping) => this.run(stopping),
    });
  }

  /** Says that there is something to erase. */
  wake(): void {
    this.handle.wake();
  }

  /** Does what there is to do, or a batch of it where the process is stopping. */
  async run(stopping?: AbortSignal): Promise<Run> {
    for (let handled = 0; ; ) {
      const step = await this.transactor.run((tx) => this.step(tx));
      if (step === 'nothing') return { handled };
      if (step === 'finished') handled++;
      if (stopping?.aborted) return { handled };
    }
  }

  private async step(tx: EntityManager): Promise<'nothing' | 'going on' | 'finished'> {
    const erasure = await this.table.holdNext(tx);
    if (!erasure) return 'nothing';
    await walkAlongIndexes(tx);
    if (!erasure.keysDeleted) {
      await this.deleteKeys(tx, erasure);
      return 'going on';
    }
    const conversations = await this.data.conversations(tx, erasure);
    if (conversations.length > 0) {
      await this.data.deleteConversations(tx, conversations);
      return 'going on';
    }
    const at = new Date(this.clock.now());
    await this.table.finish(tx, erasure, at);
    await this.outbox.append(tx, [
      {
        type: 'client.erased',
        conversationId: null,
        data: { clientHash: erasure.clientHash, erasedAt: at.toISOString() },
      },
    ]);
    return 'finished';
  }

  /** Whoever goes on for another begins with the first key again. */
  private async deleteKeys(tx: EntityManager, erasure: Erasure): Promise<void> {
    const behind = this.keys?.of === erasure.id ? this.keys.behind : FIRST_KEY;
    const last = await this.data.deleteKeys(tx, erasure, behind);
    this.keys = last && { of: erasure.id, behind: last };
    if (!last) await this.table.keysAreDeleted(tx, erasure);
  }
}
