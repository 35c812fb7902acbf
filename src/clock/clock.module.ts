import { Global, Module } from '@nestjs/common';
import { Clock, IdGenerator, RandomIdGenerator, SystemClock } from './clock.js';

/** Time and identifiers, the two things that a test has to control. */
@Global()
@Module({
  providers: [
    { provide: Clock, useClass: SystemClock },
    { provide: IdGenerator, useClass: RandomIdGenerator },
  ],
  exports: [Clock, IdGenerator],
})
export class ClockModule {}
