import { Global, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE } from '@nestjs/core';
import { ProblemFilter } from './problem.filter.js';
import { RateLimitGuard } from './rate-limits/rate-limit.guard.js';
import { RateLimitStorage } from './rate-limits/rate-limit-storage.js';
import { SharedRateLimits } from './rate-limits/shared-rate-limits.js';
import { SchemaPipe } from './schema.pipe.js';
import { ShutdownGate } from './shutdown-gate.js';

/** What every request passes: validation, rate limits, and one form of errors. */
@Global()
@Module({
  providers: [
    ShutdownGate,
    { provide: APP_FILTER, useClass: ProblemFilter },
    { provide: APP_PIPE, useClass: SchemaPipe },
    { provide: APP_GUARD, useClass: RateLimitGuard },
    { provide: RateLimitStorage, useClass: SharedRateLimits },
  ],
  exports: [RateLimitStorage, ShutdownGate],
})
export class HttpModule {}
