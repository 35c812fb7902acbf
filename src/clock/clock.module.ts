import { type DynamicModule, Module } from '@nestjs/common';
import { Clock, IdGenerator, RandomIdGenerator } from './clock.js';

/** Time and identifiers, the two things that a test has to control. */
@Module({})
export class ClockModule {
  static for(clock: Clock): DynamicModule {
    return {
      module: ClockModule,
      global: true,
      providers: [
        { provide: Clock, useValue: clock },
        { provide: IdGenerator, useClass: RandomIdGenerator },
      ],
      exports: [Clock, IdGenerator],
    };
  }
}
