import { Global, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { MaintenanceController } from './maintenance.controller.js';
import { MaintenanceGuard } from './maintenance.guard.js';
import { MaintenanceRepository } from './maintenance.repository.js';
import { MaintenanceMode } from './maintenance-mode.js';
import { MaintenanceState } from './maintenance-state.js';

/** Keeping clients' writes and background work away for a while. */
@Global()
@Module({
  controllers: [MaintenanceController],
  providers: [
    MaintenanceMode,
    MaintenanceState,
    MaintenanceRepository,
    { provide: APP_GUARD, useClass: MaintenanceGuard },
  ],
  exports: [MaintenanceMode],
})
export class MaintenanceModule {}
