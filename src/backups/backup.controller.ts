import { Body, Controller, Get, Param, Post } from '@nestjs/common';
import { Access } from '../auth/access.js';
import { ApiTag } from '../http/api-documentation.js';
import { BODY_PROBLEMS, missing, Operation } from '../http/api-operation.js';
import { RateLimit } from '../http/rate-limits/rate-limit.guard.js';
import {
  EXAMPLE_BACKUP,
  EXAMPLE_BEGUN,
  EXAMPLE_LIST,
  EXAMPLE_RESTORE,
  EXAMPLE_SCHEDULE,
  EXAMPLE_STATUS,
  EXAMPLE_VERIFICATION,
} from './backup.examples.js';
import {
  type BackupListView,
  type BackupStatusView,
  type BackupView,
  backupFilename,
  backupListSchema,
  backupSchema,
  backupStatusSchema,
  type ChangeSchedule,
  changeScheduleSchema,
  type RunView,
  runSchema,
  type ScheduleView,
  scheduleSchema,
  type VerificationView,
  type VerifyBackup,
  verificationSchema,
  verifyBackupSchema,
} from './backup.schemas.js';
import { BackupService } from './backup.service.js';
import { BackupOverview } from './backup-overview.js';

const MISSING = missing('backup', EXAMPLE_BACKUP.filename);

const BUSY = {
  409: {
    when: 'A backup, a restore or a verification goes on; or the backup is of a newer Otklik.',
    code: 'backup_running',
    detail: `A backup of ${EXAMPLE_BEGUN.filename} goes on; one thing is done at a time.`,
  },
};

const UNAVAILABLE = {
  503: {
    when:
      'pg_dump is missing or older than the server; or the folder of backups cannot be read; or the database cannot be ' +
      'reached.',
    code: 'backup_unavailable',
    detail:
      "pg_dump is missing. Install PostgreSQL's client programs (Debian: apt-get install postgresql-client), or set PG_DUMP_PATH.",
  },
};

@ApiTag('System')
@Controller('api/system/backup')
@RateLimit('default')
export class BackupController {
  constructor(
    private readonly backups: BackupService,
    private readonly overview: BackupOverview,
  ) {}

  @Get('status')
  @Access('system:read')
  @Operation({
    id: 'getBackupStatus',
    summary: 'How backups stand',
    description:
      'What is done now and how far it is, when the next ones are due, and what became of the others.',
    status: 200,
    answers: { 200: { description: 'As it is now.', schema: backupStatusSchema, example: EXAMPLE_STATUS } },
    problems: UNAVAILABLE,
  })
  status(): Promise<BackupStatusView> {
    return this.overview.status();
  }

  @Get('list')
  @Access('system:read')
  @Operation({
    id: 'listBackups',
    summary: 'List the backups',
    description:
      'Those in the folder of backups, the one that is being made, and those that came to nothing.',
    status: 200,
    answers: { 200: { description: 'Newest first.', schema: backupListSchema, example: EXAMPLE_LIST } },
    problems: UNAVAILABLE,
  })
  list(): Promise<BackupListView> {
    return this.overview.list();
  }

  @Post('create')
  @Access('system:manage')
  @Operation({
    id: 'createBackup',
    summary: 'Make a backup now',
    description: 'It goes on after the answer; its status tells how far it is.',
    status: 202,
    answers: {
      202: { description: 'The backup, which is being made.', schema: backupSchema, example: EXAMPLE_BEGUN },
    },
    problems: { ...BUSY, ...UNAVAILABLE },
  })
  create(): Promise<BackupView> {
    return this.backups.create();
  }

  @Post('verify/:filename')
  @Access('system:manage')
  @Operation({
    id: 'verifyBackup',
    summary: 'Verify a backup',
    description:
      'Whether the file is what was written and can be opened. With `trialRestore` it is restored into a database ' +
      'that is made for that and dropped afterwards, and its rows are counted; what is in use is not touched. ' +
      'Answered when all is done.',
    status: 200,
    answers: {
      200: { description: 'What was found.', schema: verificationSchema, example: EXAMPLE_VERIFICATION },
    },
    problems: { ...MISSING, ...BUSY, ...BODY_PROBLEMS, ...UNAVAILABLE },
  })
  verify(
    @Param('filename', { schema: backupFilename }) filename: string,
    @Body({ schema: verifyBackupSchema }) body: VerifyBackup,
  ): Promise<VerificationView> {
    return this.backups.verify(filename, body);
  }

  @Post('restore/:filename')
  @Access('system:manage')
  @Operation({
    id: 'restoreBackup',
    summary: 'Restore a backup',
    description:
      'Everything becomes as it was then, in one transaction. It goes on after the answer: the file is checked, ' +
      'maintenance mode is entered, what administrators change is refused as well, a safety backup is made, and what is in the backup takes the place of what is ' +
      'there. Where anything fails, everything is as before, and `lastRestore` of the status says why.',
    status: 202,
    answers: {
      202: { description: 'The restore, which goes on.', schema: runSchema, example: EXAMPLE_RESTORE },
    },
    problems: { ...MISSING, ...BUSY, ...UNAVAILABLE },
  })
  restore(@Param('filename', { schema: backupFilename }) filename: string): Promise<RunView> {
    return this.backups.restore(filename);
  }

  @Post('schedule')
  @Access('system:manage')
  @Operation({
    id: 'scheduleBackups',
    summary: 'Say when backups are made, and how long they are kept',
    description: 'For all processes. What is left out stays as it is; null goes back to the settings.',
    status: 200,
    answers: { 200: { description: 'The schedule now.', schema: scheduleSchema, example: EXAMPLE_SCHEDULE } },
    problems: BODY_PROBLEMS,
  })
  schedule(@Body({ schema: changeScheduleSchema }) body: ChangeSchedule): Promise<ScheduleView> {
    return this.overview.changeSchedule(body);
  }
}
