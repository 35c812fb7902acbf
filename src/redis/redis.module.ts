import { Global, Module } from '@nestjs/common';
import { RedisConnection } from './redis-connection.js';
import { RedisStatus } from './redis-status.js';

/** The Redis that processes share, where there is one. */
@Global()
@Module({
  providers: [RedisConnection, { provide: RedisStatus, useExisting: RedisConnection }],
  exports: [RedisConnection, RedisStatus],
})
export class RedisModule {}
