import type {
  BackupListView,
  BackupStatusView,
  BackupView,
  RunView,
  ScheduleView,
  VerificationView,
} from './backup.schemas.js';

export const EXAMPLE_BACKUP: BackupView = {
  filename: 'otklik-20261121T020000Z-daily-9a0b1c2d.dump.age',
  kind: 'daily',
  status: 'completed',
  sizeBytes: 18_874_368,
  createdAt: '2026-11-21T02:00:00.000Z',
  durationMs: 4210,
  format: 'custom',
  encrypted: true,
  checksum: '5d41402abc4b2a76b9719d911017c592ae1d4f5c3f2e1b0a9c8d7e6f50413223',
  migration: 'CreateBackups1795299600000',
  otklikVersion: '0.1.0',
  postgresVersion: '15.18',
  rows: 812_044,
  error: null,
};

export const EXAMPLE_BEGUN: BackupView = {
  ...EXAMPLE_BACKUP,
  filename: 'otklik-20261121T090000Z-manual-0b1c2d3e.dump.age',
  kind: 'manual',
  status: 'running',
  sizeBytes: 0,
  createdAt: '2026-11-21T09:00:00.000Z',
  durationMs: null,
  checksum: null,
  migration: null,
  otklikVersion: null,
  postgresVersion: null,
  rows: null,
};

export const EXAMPLE_LIST: BackupListView = { data: [EXAMPLE_BEGUN, EXAMPLE_BACKUP], nextCursor: null };

export const EXAMPLE_RESTORE: RunView = {
  action: 'restore',
  filename: EXAMPLE_BACKUP.filename,
  status: 'running',
  phase: 'restoring',
  bytes: 4_718_592,
  progress: 0.25,
  startedAt: '2026-11-21T09:00:00.000Z',
  finishedAt: null,
  error: null,
};

export const EXAMPLE_SCHEDULE: ScheduleView = { dailyAt: '02:00', weeklyAt: 'Monday 03:00', keep: 'P7D' };

export const EXAMPLE_STATUS: BackupStatusView = {
  running: EXAMPLE_RESTORE,
  lastRestore: null,
  lastVerification: null,
  schedule: EXAMPLE_SCHEDULE,
  nextDailyAt: '2026-11-22T02:00:00.000Z',
  nextWeeklyAt: '2026-11-23T03:00:00.000Z',
  statistics: {
    backups: 8,
    totalBytes: 150_994_944,
    newestAt: '2026-11-21T02:00:00.000Z',
    oldestAt: '2026-11-14T02:00:00.000Z',
    completed: 8,
    failed: 0,
    lastCompletedAt: '2026-11-21T02:00:04.210Z',
    lastFailedAt: null,
    lastError: null,
    averageDurationMs: 4150,
  },
};

export const EXAMPLE_VERIFICATION: VerificationView = {
  filename: EXAMPLE_BACKUP.filename,
  valid: true,
  checksum: true,
  trialRestore: { tables: 19, rows: 812_044, differences: [] },
  error: null,
};
