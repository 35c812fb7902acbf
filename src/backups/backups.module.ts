import { type DynamicModule, Global, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import type { Routine } from '../database/routines.js';
import { AbandonedRestores } from './abandoned-restores.js';
import { BackupController } from './backup.controller.js';
import { BackupService } from './backup.service.js';
import { BackupActs } from './backup-acts.js';
import { BackupFiles } from './backup-files.js';
import { BackupHealth } from './backup-health.js';
import { BackupMaker } from './backup-maker.js';
import { BackupOverview } from './backup-overview.js';
import { BackupRestorer } from './backup-restorer.js';
import { BackupRestores } from './backup-restores.js';
import { BackupRetention } from './backup-retention.js';
import { BackupRunRepository } from './backup-run.repository.js';
import { BackupRunner } from './backup-runner.js';
import { BackupScheduleRepository } from './backup-schedule.repository.js';
import { BackupScheduler } from './backup-scheduler.js';
import { BackupScript } from './backup-script.js';
import { BackupVerifications } from './backup-verifications.js';
import { BackupVerifier } from './backup-verifier.js';
import { BackupWriter } from './backup-writer.js';
import { PostgresPrograms } from './postgres-programs.js';
import { RestoreGuard } from './restore.guard.js';
import { RESTORED_ROUTINES, RestoreCompletion } from './restore-completion.js';
import { ScriptLoader } from './script-loader.js';

/** Backups: made by hand and by the schedule, kept, verified, restored. Health asks how they are. */
@Global()
@Module({
  controllers: [BackupController],
  providers: [
    BackupService,
    BackupOverview,
    BackupMaker,
    BackupWriter,
    BackupVerifications,
    BackupVerifier,
    BackupRestores,
    BackupRestorer,
    RestoreCompletion,
    AbandonedRestores,
    BackupScript,
    ScriptLoader,
    BackupRunner,
    BackupRunRepository,
    BackupScheduler,
    BackupScheduleRepository,
    BackupRetention,
    BackupFiles,
    BackupActs,
    BackupHealth,
    PostgresPrograms,
    { provide: APP_GUARD, useClass: RestoreGuard },
  ],
  exports: [BackupHealth, BackupService, BackupFiles, BackupRunRepository],
})
export class BackupsModule {
  /** @param routines the functions that have to be there after a restore */
  static for(routines: readonly Routine[]): DynamicModule {
    return { module: BackupsModule, providers: [{ provide: RESTORED_ROUTINES, useValue: routines }] };
  }
}
