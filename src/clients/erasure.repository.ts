import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';

/** An erasure that is not finished. */
export interface Erasure {
  readonly id: string;
  readonly clientHash: string;
  /** Has what is to be erased in the client's place. */
  readonly standIn: string;
  readonly keysDeleted: boolean;
}

/** The table of erasures, and putting a stand-in in a client's place. */
@Injectable()
export class ErasureRepository {
  private readonly duplicateWindow: number;

  constructor(
    private readonly dataSource: DataSource,
    @Inject(CONFIG) config: Config,
  ) {
    this.duplicateWindow = config.messages.duplicateWindow;
  }

  /** Locks a client until the transaction ends: it is alone with all that belongs to the client. */
  async lockClient(tx: EntityManager, id: string): Promise<boolean> {
    const rows = await tx.query('select from clients where id = $1 for update', [id]);
    return rows.length === 1;
  }

  /**
   * Puts a stand-in in the place of a locked client: everything is the stand-in's then, nothing of it goes on, and
   * the client is gone. Whoever writes under the old name from here on is somebody new, and the same words within the
   * window of duplicates are another message.
   */
  async replace(tx: EntityManager, id: string, standIn: string, at: Date): Promise<void> {
    await tx.query(
      `insert into clients (id, first_seen_at, last_seen_at)
       select $2, first_seen_at, last_seen_at from clients where id = $1`,
      [id, standIn],
    );
    const active = `select id from conversations where client_id = $1 and status <> 'closed'`;
    await tx.query(
      `delete from reminders where conversation_id in (${active})
          and coalesce(sent_at, cancelled_at, failed_at) is null`,
      [id],
    );
    await tx.query(`delete from escalations where conversation_id in (${active}) and resolved_at is null`, [
      id,
    ]);
    await tx.query(
      `update conversations set status = 'closed', closed_at = $2, last_activity_at = $2, waiting_since = null
        where client_id = $1 and status <> 'closed'`,
      [id, at],
    );
    await tx.query('update conversations set client_id = $2 where client_id = $1', [id, standIn]);
    await tx.query('update messages set client_id = $2 where client_id = $1 and created_at > $3', [
      id,
      standIn,
      new Date(at.getTime() - this.duplicateWindow),
    ]);
    await tx.query('delete from clients where id = $1', [id]);
  }

  async insert(tx: EntityManager, { id, clientHash, standIn }: Erasure, at: Date): Promise<void> {
    await tx.query(
      `insert into client_erasures (id, client_hash, stand_in, keys_deleted, requested_at)
       values ($1, $2, $3, false, $4)`,
      [id, clientHash, standIn, at],
    );
  }

  /** The next erasure that nobody else is at, locked; undefined: there is none. */
  async holdNext(tx: EntityManager): Promise<Erasure | undefined> {
    const [erasure] = await tx.query(
      `select id, client_hash as "clientHash", stand_in as "standIn", keys_deleted as "keysDeleted"
         from client_erasures
        where finished_at is null
        order by id
        limit 1
          for update skip locked`,
    );
    return erasure;
  }

  async keysAreDeleted(tx: EntityManager, { id }: Erasure): Promise<void> {
    await tx.query('update client_erasures set keys_deleted = true where id = $1', [id]);
  }

  /** Nothing is left but that there was an erasure. */
  async finish(tx: EntityManager, { id, standIn }: Erasure, at: Date): Promise<void> {
    await tx.query('delete from clients where id = $1', [standIn]);
    await tx.query('update client_erasures set finished_at = $2, stand_in = null where id = $1', [id, at]);
  }

  async find(id: string): Promise<
    | {
        readonly id: string;
        readonly clientHash: string;
        readonly requestedAt: Date;
        readonly finishedAt: Date | null;
      }
    | undefined
  > {
    const [row] = await this.dataSource.query(
      `select id, client_hash as "clientHash", requested_at as "requestedAt", finished_at as "finishedAt"
         from client_erasures where id = $1`,
      [id],
    );
    return row;
  }
}
