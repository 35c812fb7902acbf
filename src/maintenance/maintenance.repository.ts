import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';

/** A time of maintenance, which somebody has entered and nobody has left. */
export interface Stay {
  readonly id: string;
  readonly reason: string;
  readonly enteredAt: Date;
  readonly enteredBy: string;
}

const COLUMNS = 'id, reason, entered_at as "enteredAt", entered_by as "enteredBy"';

/** The table of whether it is maintenance: one row, or none. */
@Injectable()
export class MaintenanceRepository {
  constructor(private readonly dataSource: DataSource) {}

  /** With a transaction: the row is held until its end. */
  async read(tx?: EntityManager): Promise<Stay | undefined> {
    const [row]: Stay[] = await (tx ?? this.dataSource).query(
      `select ${COLUMNS} from maintenance ${tx ? 'for update' : ''}`,
    );
    return row;
  }

  /** @returns false where it is maintenance already */
  async enter(tx: EntityManager, { id, reason, enteredAt, enteredBy }: Stay): Promise<boolean> {
    const rows: unknown[] = await tx.query(
      `insert into maintenance (is_only, id, reason, entered_at, entered_by) values (true, $1, $2, $3, $4)
       on conflict (is_only) do nothing
       returning id`,
      [id, reason, enteredAt, enteredBy],
    );
    return rows.length > 0;
  }

  /** Makes the stay that goes on another one: whoever entered it does not leave it any more. */
  async takeOver(tx: EntityManager, id: string, reason: string): Promise<void> {
    await tx.query('update maintenance set id = $1, reason = $2', [id, reason]);
  }

  async leave(tx: EntityManager): Promise<void> {
    await tx.query('delete from maintenance');
  }
}
