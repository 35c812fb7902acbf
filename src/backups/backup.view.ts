import type { BackupView, RunView } from './backup.schemas.js';
import type { BackupMetadata } from './backup-metadata.js';
import type { BackupRun, NewRun } from './backup-run.repository.js';

/** A backup that is there, as the API shows it. */
export function backupView(metadata: BackupMetadata): BackupView {
  return {
    filename: metadata.filename,
    kind: metadata.kind,
    status: 'completed',
    sizeBytes: metadata.sizeBytes,
    createdAt: metadata.createdAt,
    durationMs: metadata.durationMs,
    format: metadata.format,
    encrypted: metadata.encrypted,
    checksum: metadata.checksum,
    migration: metadata.migration,
    otklikVersion: metadata.otklikVersion,
    postgresVersion: metadata.postgresVersion,
    rows: Object.values(metadata.rowCounts).reduce((sum, count) => sum + count, 0),
    error: null,
  };
}

/** A backup that is being made, or came to nothing. */
export function unfinishedView(run: NewRun & Partial<BackupRun>): BackupView {
  const isFailed = run.status === 'failed';
  return {
    filename: run.filename,
    kind: run.kind,
    status: isFailed ? 'failed' : 'running',
    sizeBytes: isFailed ? 0 : (run.bytes ?? 0),
    createdAt: run.startedAt.toISOString(),
    durationMs: run.finishedAt ? run.finishedAt.getTime() - run.startedAt.getTime() : null,
    format: run.filename.includes('.sql.gz') ? 'plain' : 'custom',
    encrypted: run.filename.endsWith('.age'),
    checksum: null,
    migration: null,
    otklikVersion: null,
    postgresVersion: null,
    rows: null,
    error: run.error ?? null,
  };
}

/** What is done about a backup, or was. */
export function runView(run: NewRun & Partial<BackupRun>): RunView {
  const { bytes = 0, totalBytes } = run;
  return {
    action: run.action,
    filename: run.filename,
    status: run.status ?? 'running',
    phase: run.phase ?? 'starting',
    bytes,
    progress: totalBytes ? Math.min(bytes / totalBytes, 1) : null,
    startedAt: run.startedAt.toISOString(),
    finishedAt: run.finishedAt?.toISOString() ?? null,
    error: run.error ?? null,
  };
}
