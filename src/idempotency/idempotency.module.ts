import { Module } from '@nestjs/common';
import { ExpiredKeys } from './expired-keys.js';
import { IdempotencyRecords } from './idempotency-records.js';

/** The keys by which a repeated request is known. */
@Module({
  providers: [IdempotencyRecords, ExpiredKeys],
  exports: [IdempotencyRecords],
})
export class IdempotencyModule {}
