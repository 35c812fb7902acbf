import { z } from 'zod';
import { BACKUP_KINDS, BACKUP_NAME } from './backup-name.js';

/** What stands beside a backup in `<filename>.json`. */
export const backupMetadataSchema = z.object({
  filename: z.string().regex(BACKUP_NAME),
  kind: z.enum(BACKUP_KINDS),
  /** When its snapshot was taken. */
  createdAt: z.iso.datetime(),
  durationMs: z.number(),
  format: z.enum(['custom', 'plain']),
  encrypted: z.boolean(),
  sizeBytes: z.int(),
  /** SHA-256 of the file, in hexadecimal digits. */
  checksum: z.string().regex(/^[0-9a-f]{64}$/),
  otklikVersion: z.string(),
  postgresVersion: z.string(),
  pgDumpVersion: z.string(),
  /** The newest step of the schema. */
  migration: z.string(),
  /** The PostgreSQL schema that the tables are in. */
  schema: z.string(),
  /** Rows of each table, of the same snapshot. */
  rowCounts: z.record(z.string(), z.int()),
});

export type BackupMetadata = z.infer<typeof backupMetadataSchema>;
