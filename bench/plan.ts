import type { Workload } from './message-request.js';
import type { ContenderName } from './options.js';
import type { PageKind } from './stored/pages.js';
import { wholes } from './table.js';

/** One thing that is measured in each round. */
export interface Measurement {
  /** What the goals and the published JSON call it. */
  readonly id: string;
  readonly title: string;
  readonly contender: ContenderName;
  readonly connections: number;
  readonly workload: Workload | PageKind;
}

function one(
  id: string,
  title: string,
  contender: ContenderName,
  connections: number,
  workload: Measurement['workload'] = 'returning',
): Measurement {
  return { id, title, contender, connections, workload };
}

const TITLES = {
  floor: 'pgbench, one function call: the floor',
  fastify: 'Fastify + pg, the same function call',
  save: 'Nest on Fastify, DTO, TypeORM save()',
  returning: 'Otklik, 10,000 clients',
  new: 'Otklik, every message a new client',
  history: 'Otklik, a page of history',
  queue: 'Otklik, a page of the escalation queue',
} as const;

/** A round: what is compared stands close together, so that both meet the same machine. */
export function roundWith(stored: number): readonly Measurement[] {
  const full = `Otklik at ${wholes(stored)} messages`;
  return [
    one('pgbench@1', TITLES.floor, 'pgbench', 1),
    one('fastify@1', TITLES.fastify, 'fastify', 1),
    one('ours-returning@1', TITLES.returning, 'ours', 1),
    one('ours-new@1', TITLES.new, 'ours', 1, 'new'),
    one('nest-save@50', TITLES.save, 'nest-save', 50),
    one('pgbench@32', TITLES.floor, 'pgbench', 32),
    one('fastify@50', TITLES.fastify, 'fastify', 50),
    one('ours-returning@50', TITLES.returning, 'ours', 50),
    one('ours-stored-returning@50', `${full}, 10,000 clients`, 'ours-stored', 50),
    one('ours-new@50', TITLES.new, 'ours', 50, 'new'),
    one('ours-stored-new@50', `${full}, every message a new client`, 'ours-stored', 50, 'new'),
    one('ours-history@10', TITLES.history, 'ours', 10, 'history'),
    one('ours-stored-history@10', `${full}, a page of history`, 'ours-stored', 10, 'history'),
    one('ours-queue@10', TITLES.queue, 'ours', 10, 'queue'),
    one('ours-stored-queue@10', `${full}, a page of the escalation queue`, 'ours-stored', 10, 'queue'),
  ];
}
