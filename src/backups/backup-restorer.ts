import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { DomainError } from '../errors/domain-error.js';
import type { BackupMetadata } from './backup-metadata.js';
import { databaseUrl } from './backup-writer.js';
import { RestoreCompletion } from './restore-completion.js';
import { carryOver, checkRowCounts, END_CONNECTIONS, stepAside } from './restore-script.js';
import type { RunProgress } from './run-progress.js';
import { ScriptLoader } from './script-loader.js';
import { Standstill } from './standstill.js';

/**
 * Puts what is in a backup into the place of what is there. The new schema is filled beside the old one, which is read
 * on meanwhile, and one commit exchanges them. The old one is dropped once the new one works, and takes its place
 * again where it does not.
 */
@Injectable()
export class BackupRestorer {
  private readonly lockWait: number;

  constructor(
    private readonly loader: ScriptLoader,
    private readonly completion: RestoreCompletion,
    private readonly dataSource: DataSource,
    @Inject(CONFIG) config: Config,
  ) {
    this.lockWait = config.backups.lockWait;
  }

  /** @throws DomainError `backup_too_new` for one of a version of Otklik that came after this one */
  refuseNewer({ filename, migration, otklikVersion }: BackupMetadata): void {
    if (this.dataSource.migrations.some(({ name }) => name === migration)) return;
    throw new DomainError(
      'conflict',
      'backup_too_new',
      `The backup ${filename} was made by Otklik ${otklikVersion}, whose schema (${migration}) this one does not know.`,
    );
  }

  /**
   * @param saveFormer keeps what is there now: nothing is stored from then on
   * @returns the steps of the schema that came after the backup, and were added
   * @throws Error with the reason; everything is as before then
   */
  async restore(
    id: string,
    metadata: BackupMetadata,
    progress: RunProgress,
    saveFormer: () => Promise<unknown>,
  ): Promise<string[]> {
    const { schema } = metadata;
    await this.completeFormer();
    const aside = this.completion.asideOf(id);
    const standstill = await Standstill.begin(databaseUrl(this.dataSource), schema, this.lockWait);
    try {
      await saveFormer();
      await this.exchange(aside, metadata, progress, standstill);
    } finally {
      await standstill.end();
    }
    progress.begin('upgrading', undefined);
    return this.completion.complete(schema, aside);
  }

  /** Fills the new schema, and commits it into the old one's place. */
  async exchange(
    aside: string,
    metadata: BackupMetadata,
    progress: RunProgress,
    standstill: Standstill,
  ): Promise<void> {
    const { schema } = metadata;
    const load = {
      before: stepAside(schema, aside, this.lockWait),
      after: `${checkRowCounts(metadata)}${carryOver(schema, aside, 'all')}${standstill.orFail(aside)}
        commit;${END_CONNECTIONS}`,
    };
    try {
      await this.loader.load(metadata, load, progress);
    } catch (error) {
      // Whoever lost psql in its last moment does not know whether it committed.
      if ((await this.completion.waiting())?.aside !== aside) throw error;
    }
  }

  private async completeFormer(): Promise<void> {
    const former = await this.completion.waiting();
    if (former) await this.completion.complete(former.schema, former.aside);
  }
}
