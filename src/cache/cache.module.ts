import { Global, Module } from '@nestjs/common';
import { CacheController } from './cache.controller.js';
import { Cache } from './cache.js';
import { CacheService } from './cache.service.js';
import { Invalidations } from './invalidations.js';
import { SharedCache } from './shared-cache.js';

/** What was found out once and holds for a while: in the memory of each process, and in Redis for all of them. */
@Global()
@Module({
  controllers: [CacheController],
  providers: [Cache, CacheService, Invalidations, SharedCache],
  exports: [Cache],
})
export class CacheModule {}
