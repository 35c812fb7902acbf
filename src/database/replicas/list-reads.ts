import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { requestContext } from '../../logging/request-context.js';
import { isConflict, isSystemFault, isUnavailable } from '../database-errors.js';
import { RecentWrites } from './recent-writes.js';
import type { Replica } from './replica.js';
import { Replicas } from './replicas.js';

/**
 * Where lists are read: from a replica that has all that the caller wrote, in turn, or from the primary where there is
 * none. What Otklik reads for itself comes from the primary.
 */
@Injectable()
export class ListReads {
  constructor(
    private readonly primary: DataSource,
    private readonly replicas: Replicas,
    private readonly writes: RecentWrites,
  ) {}

  /** @param read only reads, and may be called twice: where a replica fails, the primary is asked */
  async from<T>(read: (source: DataSource) => Promise<T>): Promise<T> {
    const replica = this.choose();
    if (!replica) return read(this.primary);
    try {
      return await read(replica.dataSource);
    } catch (error) {
      // A replica cancels what stands in the way of its replay, and may lack what a migration has just made.
      if (!isConflict(error) && !isSystemFault(error)) throw error;
      if (isUnavailable(error)) replica.failed(error);
      return read(this.primary);
    }
  }

  private choose(): Replica | undefined {
    if (!this.replicas.areThere) return undefined;
    const caller = requestContext.getStore()?.origin?.caller?.id;
    return caller ? this.replicas.next(this.writes.of(caller)) : undefined;
  }
}
