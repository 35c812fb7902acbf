import { type DynamicModule, Module } from '@nestjs/common';
import { LOG, type Log } from './log.js';

/** Hands the process's log to everything that writes to it. */
@Module({})
export class LoggingModule {
  static for(log: Log): DynamicModule {
    return {
      module: LoggingModule,
      global: true,
      providers: [{ provide: LOG, useValue: log }],
      exports: [LOG],
    };
  }
}
