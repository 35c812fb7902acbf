import type { DataSource } from 'typeorm';
import type { ListReads } from '../../src/database/replicas/list-reads.js';

/** Reads lists from the given database, whoever asks. */
export function listsOf(dataSource: DataSource): ListReads {
  const lists: Pick<ListReads, 'from'> = { from: (read) => read(dataSource) };
  return lists as ListReads;
}
