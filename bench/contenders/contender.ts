import { queryOnce } from '../database-server.js';
import type { Figures } from '../load.js';
import type { Workload } from '../message-request.js';
import type { Filled } from '../stored/fill.js';
import type { PageKind } from '../stored/pages.js';

export interface Task {
  readonly connections: number;
  readonly workload: Workload | PageKind;
  readonly warmUp: number;
  readonly seconds: number;
}

/** One way to take in messages, started and ready, with a database of its own. */
export interface Contender {
  /** What its database held before the first measurement; undefined: nothing. */
  readonly filled?: Filled | undefined;
  measure(task: Task): Promise<Figures>;
  /** How many messages its table holds. */
  countMessages(): Promise<number>;
}

export async function countMessages(databaseUrl: string): Promise<number> {
  const rows = await queryOnce<{ count: number }>(databaseUrl, 'select count(*)::int as count from messages');
  return rows[0]?.count ?? 0;
}
