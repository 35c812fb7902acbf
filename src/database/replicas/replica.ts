import type { PoolClient, QueryConfig } from 'pg';
import type { DataSource } from 'typeorm';
import { errorMessage } from '../../resilience/error-code.js';
import { poolOf } from '../pinging-pool.js';
import { walPosition } from './wal-position.js';

/** How long a replica may take to say how far it is, in milliseconds. */
const PATIENCE = 1_000;

/** How far the primary was at a moment: whatever was committed before the moment lies before the position. */
export interface Milestone {
  readonly at: number;
  readonly position: bigint;
}

/** How a replica is. */
export interface ReplicaReport {
  /** Host, port and database. */
  readonly name: string;
  /** How far it is behind, in milliseconds; null: that is not known. */
  readonly lagMs: number | null;
  /** Why lists are not read from it; null: they are. */
  readonly problem: string | null;
}

/** What a replica says of itself. */
interface State {
  readonly isReplica: boolean;
  /** null: it never replayed anything. */
  readonly replayed: string | null;
}

/** A streaming replica, and how far it is. */
export class Replica {
  readonly name: string;
  private fault: string | undefined = 'it was not asked yet';
  private passed: Milestone | undefined;
  private lag: number | undefined;
  private isClosed = false;

  constructor(
    readonly dataSource: DataSource,
    url: string,
    private readonly maxLag: number,
  ) {
    const { hostname, port, pathname } = new URL(url);
    this.name = `${hostname}:${port || 5432}${pathname}`;
  }

  /** Whether everything is there that was committed before a moment, and the replica is one to be asked. */
  has(since: number): boolean {
    return this.problem === undefined && this.passed !== undefined && since < this.passed.at;
  }

  /** Everything that was committed before this moment is there. */
  get completeUntil(): number | undefined {
    return this.passed?.at;
  }

  report(): ReplicaReport {
    return { name: this.name, lagMs: this.lag ?? null, problem: this.problem ?? null };
  }

  private get problem(): string | undefined {
    if (this.fault !== undefined) return this.fault;
    if (this.lag === undefined) return 'it is further behind than is remembered';
    return this.lag > this.maxLag ? `it is ${this.lag} ms behind` : undefined;
  }

  /** It gave no answer to somebody: it is left alone until it answers us. */
  failed(error: unknown): void {
    this.fault = errorMessage(error);
  }

  /**
   * Asks how far it is; never throws. Where the answer does not come in time, others are not kept waiting for it.
   *
   * @param milestones of the primary, in order of time
   */
  async check(milestones: readonly Milestone[]): Promise<void> {
    const late = setTimeout(() => this.giveUp(`no answer within ${PATIENCE} ms`), PATIENCE);
    try {
      const position = await this.position();
      // Not the one that it had passed before: one that crashed may have fallen back behind that.
      const passed = milestones.findLast((milestone) => milestone.position <= position);
      const newest = milestones.at(-1);
      this.passed = passed;
      this.lag = passed && newest && newest.at - passed.at;
      this.fault = undefined;
    } catch (error) {
      this.giveUp(error);
    } finally {
      clearTimeout(late);
    }
  }

  /** Whoever waits for an answer of it waits no longer, and asks the primary. */
  private giveUp(error: unknown): void {
    this.failed(error);
    if (this.dataSource.isInitialized) poolOf(this.dataSource).drop();
  }

  async close(): Promise<void> {
    this.isClosed = true;
    if (!this.dataSource.isInitialized) return;
    // Nobody waits any more for what is asked there, and one that hangs would not answer.
    poolOf(this.dataSource).cutOff();
    await this.dataSource.destroy();
  }

  private async position(): Promise<bigint> {
    if (!this.dataSource.isInitialized) await this.dataSource.initialize();
    if (this.isClosed) await this.close();
    const { isReplica, replayed } = await this.state();
    // One that was promoted goes its own way: what it has is not what the primary has.
    if (!isReplica || replayed === null) throw new Error('it is no replica');
    return walPosition(replayed);
  }

  private async state(): Promise<State> {
    const client: PoolClient = await poolOf(this.dataSource).connect();
    try {
      // node-postgres takes the limit with the query (client.js); its types know it only for the whole client.
      const query: QueryConfig & { query_timeout: number } = {
        text: 'select pg_is_in_recovery() as "isReplica", pg_last_wal_replay_lsn()::text as replayed',
        query_timeout: PATIENCE,
      };
      const { rows } = await client.query<State>(query);
      client.release();
      return rows[0] as State;
    } catch (error) {
      client.release(true);
      throw error;
    }
  }
}
