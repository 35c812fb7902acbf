import { type DynamicModule, Module } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Transactor } from './transactor.js';

/** Hands out the database that was opened before the application was built. */
@Module({})
export class DatabaseModule {
  static for(dataSource: DataSource): DynamicModule {
    return {
      module: DatabaseModule,
      global: true,
      providers: [{ provide: DataSource, useValue: dataSource }, Transactor],
      exports: [DataSource, Transactor],
    };
  }
}
