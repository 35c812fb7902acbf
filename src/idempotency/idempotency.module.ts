import { Module } from '@nestjs/common';
import { IdempotencyCleanup } from './idempotency-cleanup.js';
import { IdempotencyRecords } from './idempotency-records.js';

/** The keys by which a repeated request is known. */
@Module({
  providers: [IdempotencyRecords, IdempotencyCleanup],
  exports: [IdempotencyRecords],
})
export class IdempotencyModule {}
