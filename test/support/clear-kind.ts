import type { RetentionKind } from '../../src/retention/retention-kind.js';
import { RetentionKinds } from '../../src/retention/retention-kinds.js';
import type { TestOtklik } from './test-otklik.js';

/** Deletes what is old of one kind of data alone, to the end, or so many batches. @returns how many were deleted */
export async function clearKind(
  otklik: TestOtklik,
  name: RetentionKind['name'],
  batches = Number.POSITIVE_INFINITY,
): Promise<number> {
  const kinds = otklik.part(RetentionKinds);
  const kind = kinds.all.find((one) => one.name === name);
  const before = kind && kinds.before(kind);
  if (!before) throw new Error(`Of ${name} nothing is deleted.`);
  const next = kind.begin(before);
  let deleted = 0;
  for (let left = batches; left > 0; left--) {
    const batch = await next();
    deleted += batch.deleted;
    if (batch.isOver) break;
  }
  return deleted;
}
