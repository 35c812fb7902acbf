import { parseArgs } from 'node:util';
import { inMegabytes, runCommand, showProgress } from './backup-commands.js';
import { BackupService } from './backups/backup.service.js';
import { BackupFiles } from './backups/backup-files.js';
import { BACKUP_KINDS, type BackupKind } from './backups/backup-name.js';

/** `npm run backup [-- --kind manual]`: makes a backup, and says where it is. */
await runCommand(process.env, async (application) => {
  const { values } = parseArgs({ options: { kind: { type: 'string', default: 'manual' } } });
  const kind = values.kind as BackupKind;
  if (!BACKUP_KINDS.includes(kind)) throw new Error(`--kind is one of: ${BACKUP_KINDS.join(', ')}`);
  const { ended } = await application.get(BackupService).begin(kind);
  const { filename, sizeBytes, durationMs, rowCounts } = await showProgress(application, ended);
  const rows = Object.values(rowCounts).reduce((sum, count) => sum + count, 0);
  const path = application.get(BackupFiles).path(filename);
  return `${path}: ${inMegabytes(sizeBytes)}, ${rows} rows, ${(durationMs / 1000).toFixed(1)} s`;
});
