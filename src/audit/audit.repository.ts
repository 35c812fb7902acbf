import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { ListReads } from '../database/replicas/list-reads.js';
import { decodeCursor, type Page, toPage } from '../http/pagination.js';
import type { ListAudit } from './audit.schemas.js';
import type { Actor, AuditEntry, Details } from './audit-entry.js';

const COLUMNS = `id, number, at, actor_kind as "actorKind", actor_id as "actorId", actor_name as "actorName", address,
  trace_id as "traceId", action, subject, before, after, previous, hash`;

interface Row extends Omit<AuditEntry, 'number' | 'at' | 'actor'> {
  readonly number: string;
  readonly at: Date;
  readonly actorKind: Actor['kind'];
  readonly actorId: string | null;
  readonly actorName: string;
}

/** The end of the chain. */
export type Head = Pick<AuditEntry, 'number' | 'hash'>;

/** The table of what was done by administrators. It is written ever further, and never changed. */
@Injectable()
export class AuditRepository {
  constructor(
    private readonly dataSource: DataSource,
    private readonly lists: ListReads,
  ) {}

  /** Has the end of the chain to itself until the end of the transaction. @returns undefined: there is no entry */
  async holdHead(tx: EntityManager): Promise<Head | undefined> {
    // The key is the table's own number. In a statement of its own, so that the next one sees who was before us.
    await tx.query(`select pg_advisory_xact_lock('audit_log'::regclass::oid::bigint)`);
    const [row]: { number: string; hash: string }[] = await tx.query(
      'select number, hash from audit_log order by number desc, id desc limit 1',
    );
    return row && { number: Number(row.number), hash: row.hash };
  }

  async insert(tx: EntityManager, entry: AuditEntry): Promise<void> {
    const { id, number, at, actor, address, traceId, action, subject, previous, hash } = entry;
    await tx.query(
      `insert into audit_log (id, number, at, actor_kind, actor_id, actor_name, address, trace_id, action, subject,
                              before, after, previous, hash)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
      [
        ...[id, number, at, actor.kind, actor.id, actor.name, address, traceId, action, subject],
        ...[jsonOf(entry.before), jsonOf(entry.after), previous, hash],
      ],
    );
  }

  /** Entries, newest first. */
  async list({
    action,
    subject,
    actorId,
    since,
    until,
    limit,
    cursor,
  }: ListAudit): Promise<Page<AuditEntry>> {
    const parameters: unknown[] = [limit + 1];
    const wanted: string[] = [];
    const want = (condition: string, ...values: unknown[]) =>
      wanted.push(condition.replaceAll('?', () => `$${parameters.push(values.shift())}`));
    if (action !== undefined) want('action = ?', action);
    if (subject !== undefined) want('subject = ?', subject);
    if (actorId !== undefined) want('actor_id = ?', actorId);
    if (since !== undefined) want('at >= ?', since);
    if (until !== undefined) want('at < ?', until);
    if (cursor !== undefined) want('(at, id) < (?, ?)', ...decodeCursor('audit', cursor, ['time', 'id']));
    const rows = await this.lists.from((source) =>
      source.query<Row[]>(
        `select ${COLUMNS} from audit_log ${wanted.length > 0 ? `where ${wanted.join(' and ')}` : ''}
          order by at desc, id desc limit $1`,
        parameters,
      ),
    );
    return toPage('audit', rows, limit, ({ at, id }) => [at.toISOString(), id], entryOf);
  }

  /** Which of these hashes are those of entries. */
  async known(hashes: readonly string[]): Promise<Set<string>> {
    const rows: { hash: string }[] = await this.dataSource.query(
      'select hash from audit_log where hash = any ($1)',
      [hashes],
    );
    return new Set(rows.map(({ hash }) => hash));
  }

  /** The highest number of an entry; 0: there are none. */
  async highest(): Promise<number> {
    const [row]: { number: string | null }[] = await this.dataSource.query(
      'select max(number) as number from audit_log',
    );
    return Number(row?.number ?? 0);
  }

  /** Entries behind one, in the order of the chain. */
  async behind({ number, id }: Pick<AuditEntry, 'number' | 'id'>, limit: number): Promise<AuditEntry[]> {
    const rows: Row[] = await this.dataSource.query(
      `select ${COLUMNS} from audit_log where (number, id) > ($1, $2) order by number, id limit $3`,
      [number, id, limit],
    );
    return rows.map(entryOf);
  }
}

function jsonOf(value: Details | null): string | null {
  return value === null ? null : JSON.stringify(value);
}

function entryOf({ number, at, actorKind, actorId, actorName, ...rest }: Row): AuditEntry {
  const actor = { kind: actorKind, id: actorId, name: actorName };
  return { ...rest, number: Number(number), at: at.toISOString(), actor };
}
