import { type DynamicModule, Module } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Notifications } from './notifications.js';
import { PoolerCheck } from './pooler-check.js';
import { ListReads } from './replicas/list-reads.js';
import { RecentWrites } from './replicas/recent-writes.js';
import { Replicas } from './replicas/replicas.js';
import { RoutineCalls } from './routine-calls.js';
import { Transactor } from './transactor.js';

/** Hands out the database that was opened before the application was built. */
@Module({})
export class DatabaseModule {
  static for(dataSource: DataSource): DynamicModule {
    return {
      module: DatabaseModule,
      global: true,
      providers: [
        { provide: DataSource, useValue: dataSource },
        Transactor,
        RoutineCalls,
        Notifications,
        Replicas,
        RecentWrites,
        ListReads,
        PoolerCheck,
      ],
      exports: [DataSource, Transactor, RoutineCalls, Notifications, Replicas, RecentWrites, ListReads],
    };
  }
}
