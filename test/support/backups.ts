import { chmodSync, existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BackupStatusView, BackupView } from '../../src/backups/backup.schemas.js';
import type { Health, HealthCheck } from '../../src/health/health.schemas.js';
import { eventually } from './eventually.js';
import { program } from './programs.js';
import type { TestDatabase } from './test-database.js';
import type { TestOtklik } from './test-otklik.js';

/** The schedule that Otklik has unless somebody wants another one; specs have none. */
export const SCHEDULE = { BACKUP_DAILY_AT: '02:00', BACKUP_WEEKLY_AT: 'Monday 03:00' };

/** Folders for backups, which are gone after the spec. */
export class BackupFolders {
  private readonly folders: string[] = [];

  make(): string {
    program('pg_dump');
    const folder = mkdtempSync(join(tmpdir(), 'otklik-backups-'));
    this.folders.push(folder);
    return folder;
  }

  remove(): void {
    for (const folder of this.folders) rmSync(folder, { recursive: true, force: true });
  }
}

/** PostgreSQL's programs, whose psql waits until it is let go. */
export function withWaitingPsql(folders: BackupFolders): {
  readonly pgDump: string;
  open(): void;
  close(): void;
  readonly isReached: () => boolean;
} {
  const folder = folders.make();
  const [gate, reached] = [join(folder, 'gate'), join(folder, 'reached')];
  for (const name of ['pg_dump', 'pg_restore'] as const)
    symlinkSync(join(program('pg_dump'), '..', name), join(folder, name));
  const script = `#!/bin/sh
    if [ "$1" != --version ]; then touch ${reached}; while [ ! -e ${gate} ]; do sleep 0.02; done; fi
    exec ${join(program('pg_dump'), '../psql')} "$@"`;
  writeFileSync(join(folder, 'psql'), script);
  chmodSync(join(folder, 'psql'), 0o755);
  return {
    pgDump: join(folder, 'pg_dump'),
    open: () => writeFileSync(gate, ''),
    close: () => {
      for (const file of [gate, reached]) rmSync(file, { force: true });
    },
    isReached: () => existsSync(reached),
  };
}

export async function backupStatus(otklik: TestOtklik): Promise<BackupStatusView> {
  const { body } = await otklik.api.get<BackupStatusView>('/api/system/backup/status');
  return body;
}

/** How backups are, as health has it. */
export async function backupHealth(otklik: TestOtklik): Promise<HealthCheck | undefined> {
  return (await otklik.api.get<Health>('/health/full')).body.checks.backups;
}

export async function listBackups(otklik: TestOtklik): Promise<BackupView[]> {
  return (await otklik.api.get<{ data: BackupView[] }>('/api/system/backup/list')).body.data;
}

/** Waits until nothing is done about backups any more. */
export async function backupsAtRest(otklik: TestOtklik): Promise<BackupStatusView> {
  return eventually(
    () => backupStatus(otklik),
    ({ running }) => running === null,
  );
}

/** Makes a backup through the API, and waits for its end, however that is. */
export async function makeBackup(otklik: TestOtklik): Promise<BackupView> {
  const { status, body } = await otklik.api.post<BackupView>('/api/system/backup/create', {});
  if (status !== 202) throw new Error(`No backup began: ${status} ${JSON.stringify(body)}`);
  await backupsAtRest(otklik);
  const made = (await listBackups(otklik)).find(({ filename }) => filename === body.filename);
  if (!made) throw new Error(`The backup ${body.filename} is not in the list.`);
  return made;
}

/** Restores a backup through the API, and waits for its end. @returns why it failed */
export async function restoreBackup(otklik: TestOtklik, filename: string): Promise<string | null> {
  const { status, body } = await otklik.api.post(`/api/system/backup/restore/${filename}`, {});
  if (status !== 202) throw new Error(`No restore began: ${status} ${JSON.stringify(body)}`);
  const { lastRestore } = await backupsAtRest(otklik);
  return lastRestore?.error ?? null;
}

/** What a restore does not take back. */
const KEPT = ['backup_runs', 'audit_log', 'maintenance', 'background_processes', 'alerts', 'alert_notices'];

/** For each table, how many rows it has and a digest of all of them. */
export async function fingerprint(database: TestDatabase): Promise<Record<string, string>> {
  const tables = await database.query<{ name: string }>(
    `select relname as name from pg_class
      where relkind = 'r' and relnamespace = 'public'::regnamespace and relname <> all ($1) order by relname`,
    [KEPT],
  );
  const prints: Record<string, string> = {};
  for (const { name } of tables) {
    const [row] = await database.query<{ print: string }>(
      `select count(*) || ' ' || coalesce(md5(string_agg(md5(row::text), '' order by md5(row::text))), '') as print
         from "${name}" row`,
    );
    prints[name] = row?.print ?? '';
  }
  return prints;
}
