import type { EntityManager } from 'typeorm';

const EFFECTS = new WeakMap<EntityManager, Set<() => void>>();

/** Lets something happen once the transaction is committed, and not at all where it is rolled back. */
export function afterCommit(tx: EntityManager, effect: () => void): void {
  const effects = EFFECTS.get(tx) ?? new Set();
  EFFECTS.set(tx, effects.add(effect));
}

/** Called by whoever has committed the transaction. */
export function committed(tx: EntityManager): void {
  for (const effect of EFFECTS.get(tx) ?? []) effect();
}
