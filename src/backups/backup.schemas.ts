import { z } from 'zod';
import { parseDuration } from '../config/duration.js';
import { BACKUP_KINDS, BACKUP_NAME } from './backup-name.js';

const time = z.iso.datetime();
const EXAMPLE_NAME = 'otklik-20261121T020000Z-daily-9a0b1c2d.dump.age';

export const backupFilename = z
  .string()
  .regex(BACKUP_NAME, 'must be the name of a backup, as the list has it')
  .describe('the name of the backup, as the list has it')
  .meta({ example: EXAMPLE_NAME });

export const backupSchema = z
  .object({
    filename: z.string().describe('its name in the folder of backups (BACKUP_DIR)'),
    kind: z.enum(BACKUP_KINDS).describe('why it was made; safety: before a restore'),
    status: z.enum(['running', 'completed', 'failed']).describe('failed: there is no file'),
    sizeBytes: z.int().describe('the size of the file; while it is made: so far'),
    createdAt: time.describe('the moment whose data it has'),
    durationMs: z.number().nullable().describe('how long it took to make, in milliseconds'),
    format: z.enum(['custom', 'plain']).nullable().describe("pg_dump's custom format, or SQL with gzip"),
    encrypted: z.boolean().describe('whether it needs BACKUP_ENCRYPTION_KEY'),
    checksum: z.string().nullable().describe('SHA-256 of the file, in hexadecimal digits'),
    migration: z.string().nullable().describe('the newest step of its schema'),
    otklikVersion: z.string().nullable().describe('the version of Otklik that made it'),
    postgresVersion: z.string().nullable().describe('the version of PostgreSQL that it is from'),
    rows: z.int().nullable().describe('rows of all tables together'),
    error: z.string().nullable().describe('why it failed'),
  })
  .meta({ id: 'Backup' });

export type BackupView = z.infer<typeof backupSchema>;

export const backupListSchema = z
  .object({
    data: z.array(backupSchema).describe('newest first; of failed ones, the last hundred'),
    nextCursor: z.null().describe('there is no further page'),
  })
  .meta({ id: 'BackupList' });

export type BackupListView = z.infer<typeof backupListSchema>;

const scheduleFields = {
  dailyAt: z
    .string()
    .regex(/^(off|([01]\d|2[0-3]):[0-5]\d)$/, 'must be a time such as 02:00, or off')
    .describe('when the daily backup is made, in UTC; `off`: never'),
  weeklyAt: z
    .string()
    .regex(
      /^(off|(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day ([01]\d|2[0-3]):[0-5]\d)$/,
      'must be a day and time such as Monday 03:00, or off',
    )
    .describe('when the weekly backup is made, in UTC; `off`: never'),
  keep: z
    .string()
    .refine(isKeepable, 'must be an ISO 8601 duration from P1D to P3650D, such as P7D')
    .describe('how long a backup is kept; the newest always is'),
};

const KEEP_RANGE = { min: 'P1D', max: 'P3650D' };

function isKeepable(text: string): boolean {
  const [value, min, max] = [text, KEEP_RANGE.min, KEEP_RANGE.max].map(parseDuration);
  return value !== undefined && value >= (min ?? 0) && value <= (max ?? 0);
}

export const scheduleSchema = z.object(scheduleFields).meta({ id: 'BackupSchedule' });

export type ScheduleView = z.infer<typeof scheduleSchema>;

export const changeScheduleSchema = z
  .strictObject({
    dailyAt: scheduleFields.dailyAt.nullable().optional(),
    weeklyAt: scheduleFields.weeklyAt.nullable().optional(),
    keep: scheduleFields.keep.nullable().optional(),
  })
  .meta({ id: 'ChangeBackupSchedule', example: { dailyAt: '02:00', weeklyAt: 'off', keep: 'P14D' } });

export type ChangeSchedule = z.infer<typeof changeScheduleSchema>;

export const runSchema = z
  .object({
    action: z.enum(['backup', 'restore', 'verification']).describe('what is done'),
    filename: z.string().describe('about which backup'),
    status: z.enum(['running', 'completed', 'failed']).describe('whether it goes on'),
    phase: z.string().describe('what it is doing, or did last'),
    bytes: z.int().describe('how many bytes of that are done'),
    progress: z.number().min(0).max(1).nullable().describe('how much of that is done; null: not known'),
    startedAt: time.describe('when it began'),
    finishedAt: time.nullable().describe('when it ended; null: it goes on'),
    error: z.string().nullable().describe('why it failed'),
  })
  .meta({ id: 'BackupRun' });

export type RunView = z.infer<typeof runSchema>;

export const backupStatusSchema = z
  .object({
    running: runSchema.nullable().describe('what is done now; null: nothing'),
    lastRestore: runSchema.nullable().describe('the last restore that is over'),
    lastVerification: runSchema.nullable().describe('the last verification that is over'),
    schedule: scheduleSchema,
    nextDailyAt: time.nullable().describe('when the next daily backup is due; null: it is off'),
    nextWeeklyAt: time.nullable().describe('when the next weekly backup is due; null: it is off'),
    statistics: z
      .object({
        backups: z.int().describe('how many there are'),
        totalBytes: z.int().describe('how large they are together'),
        newestAt: time.nullable().describe('of which moment the newest is'),
        oldestAt: time.nullable().describe('of which moment the oldest is'),
        completed: z.int().describe('how many were made, as far as BACKUP_KEEP goes back'),
        failed: z.int().describe('how many came to nothing'),
        lastCompletedAt: time.nullable().describe('when the last one was made'),
        lastFailedAt: time.nullable().describe('when the last one failed'),
        lastError: z.string().nullable().describe('and why'),
        averageDurationMs: z.number().nullable().describe('how long one takes, in milliseconds'),
      })
      .describe('what became of backups'),
  })
  .meta({ id: 'BackupStatus' });

export type BackupStatusView = z.infer<typeof backupStatusSchema>;

export const verifyBackupSchema = z
  .strictObject({
    trialRestore: z
      .boolean()
      .optional()
      .describe(
        'also restore it into a database that is made for that, and count; false, where it is left out',
      ),
  })
  .meta({ id: 'VerifyBackup', example: { trialRestore: true } });

export type VerifyBackup = z.infer<typeof verifyBackupSchema>;

export const verificationSchema = z
  .object({
    filename: z.string().describe('the backup'),
    valid: z.boolean().describe('whether everything that was looked at is as it should be'),
    checksum: z.boolean().describe('whether the file is what was written'),
    trialRestore: z
      .object({
        tables: z.int().describe('how many tables came back'),
        rows: z.int().describe('how many rows came back'),
        differences: z
          .array(z.object({ table: z.string(), expectedRows: z.int(), rows: z.int() }))
          .describe('tables that have not as many rows as they had'),
      })
      .nullable()
      .describe('what came of the trial; null: it was not asked for, or came to nothing'),
    error: z.string().nullable().describe('what is wrong with it'),
  })
  .meta({ id: 'BackupVerification' });

export type VerificationView = z.infer<typeof verificationSchema>;
