import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { runCommand, showProgress } from './backup-commands.js';
import { BackupService } from './backups/backup.service.js';
import { BackupFiles } from './backups/backup-files.js';

/** `npm run restore -- <file>`: brings a backup back, after a safety backup; without a file, says which there are. */
await runCommand(process.env, async (application) => {
  const { positionals } = parseArgs({ allowPositionals: true });
  const files = application.get(BackupFiles);
  const [file] = positionals;
  if (file === undefined) {
    const names = (await files.list()).map(({ filename }) => `  ${filename}`);
    throw new Error(`Say which backup of ${files.folder}: npm run restore -- <file>\n${names.join('\n')}`);
  }
  const started = performance.now();
  const { ended } = await application.get(BackupService).beginRestore(basename(file));
  const { filename, createdAt } = await showProgress(application, ended);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  return `${filename} is restored: all is as it was at ${createdAt} (${seconds} s).`;
});
