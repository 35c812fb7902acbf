import { type DynamicModule, Module } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { RoutineCalls } from './routine-calls.js';
import { Transactor } from './transactor.js';

/** Hands out the database that was opened before the application was built. */
@Module({})
export class DatabaseModule {
  static for(dataSource: DataSource): DynamicModule {
    return {
      module: DatabaseModule,
      global: true,
      providers: [{ provide: DataSource, useValue: dataSource }, Transactor, RoutineCalls],
      exports: [DataSource, Transactor, RoutineCalls],
    };
  }
}
