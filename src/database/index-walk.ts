import type { EntityManager } from 'typeorm';

/**
 * Has the statements of this transaction that want an order walk along the index that has it, and stop at their limit:
 * where statistics are old, few rows seem to be there, and PostgreSQL would rather read and sort them all.
 */
export async function walkAlongIndexes(tx: EntityManager): Promise<void> {
  await tx.query(
    `select set_config('enable_sort', 'off', true), set_config('enable_bitmapscan', 'off', true)`,
  );
}
