import { stat, statfs } from 'node:fs/promises';
import { Inject, Injectable } from '@nestjs/common';
import { BackupFiles } from '../backups/backup-files.js';
import { roundedMs } from '../clock/rounded-ms.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { errorCode } from '../resilience/error-code.js';
import { SingleProbe } from './single-probe.js';

/** The folders that something is kept in, by the settings that name them. */
export type Folder = 'DATA_DIR' | 'BACKUP_DIR';

/** How much room a disk has. */
export interface Room {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** The disk of a folder; where it gave no answer, why. */
export type Disk = { readonly folder: Folder; readonly latencyMs: number } & (
  | { readonly room: Room }
  | { readonly error: unknown }
);

/**
 * The disks that something is kept on. A network disk may hang: each is asked by itself and in no more than one thread,
 * of which Node has few, and is not waited for longer than a probe may take.
 */
@Injectable()
export class Disks {
  private readonly probes: readonly { folder: Folder; path: string; probe: SingleProbe }[];

  constructor(@Inject(CONFIG) config: Config, backups: BackupFiles) {
    const paths: [Folder, string][] = [
      ['DATA_DIR', config.database.dataDir],
      ['BACKUP_DIR', backups.folder],
    ];
    this.probes = paths.map(([folder, path]) => {
      return { folder, path, probe: new SingleProbe(config.health.probeTimeout) };
    });
  }

  /** Each disk once, by the first folder that is on it; folders that are not there yet are on none. */
  async look(): Promise<Disk[]> {
    const found = await Promise.all(this.probes.map((one) => this.ask(one)));
    const seen = new Set<number>();
    return found.flatMap((answer) => {
      if (answer === undefined) return [];
      const { device, ...disk } = answer;
      if (device === undefined) return [disk];
      if (seen.has(device)) return [];
      seen.add(device);
      return [disk];
    });
  }

  private async ask({
    folder,
    path,
    probe,
  }: (typeof this.probes)[number]): Promise<(Disk & { readonly device?: number }) | undefined> {
    const started = performance.now();
    try {
      const { result, latencyMs } = await probe.ask('disk', async () => {
        // One after the other: both at once would hang in two threads.
        const { dev } = await stat(path);
        return { device: dev, room: roomOf(await statfs(path)) };
      });
      return { folder, latencyMs, ...result };
    } catch (error) {
      // With a database of one's own nothing may have been stored here yet.
      if (errorCode(error) === 'ENOENT') return undefined;
      return { folder, latencyMs: roundedMs(performance.now() - started), error };
    }
  }
}

function roomOf({ bavail, blocks, bsize }: Awaited<ReturnType<typeof statfs>>): Room {
  return { freeBytes: Number(bavail) * Number(bsize), totalBytes: Number(blocks) * Number(bsize) };
}
