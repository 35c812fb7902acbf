/** Why a backup was made. */
export const BACKUP_KINDS = ['manual', 'daily', 'weekly', 'safety'] as const;
export type BackupKind = (typeof BACKUP_KINDS)[number];

export type BackupFormat = 'custom' | 'plain';

/** The only names that backups have: without a folder, and without anything that leads out of one. */
export const BACKUP_NAME =
  /^otklik-\d{8}T\d{6}Z-(?:manual|daily|weekly|safety)-[0-9a-f]{8}\.(?:dump|sql\.gz)(?:\.age)?$/;

/** The name of a new backup: when, why, and what kind of file it is; the id makes it the only one. */
export function backupName(
  at: number,
  kind: BackupKind,
  id: string,
  { format, encrypted }: { format: BackupFormat; encrypted: boolean },
): string {
  const time = new Date(at).toISOString().replace(/\.\d+/, '').replace(/[-:]/g, '');
  const extension = format === 'custom' ? '.dump' : '.sql.gz';
  return `otklik-${time}-${kind}-${id.slice(-8)}${extension}${encrypted ? '.age' : ''}`;
}
