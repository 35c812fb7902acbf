import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CLAIM_ROUTINE, SEND_ROUTINE } from '../../src/reminders/due-reminder.repository.js';
import type { Cleanup } from '../cleanup.js';
import { readOutput, runPgbench } from '../pgbench.js';
import type { Contender } from './contender.js';
import { DueReminders } from './due-reminders.js';
import { REPEAT_EVERY } from './reminder-rows.js';

/** How Otklik claims and sends by default: batches of so many, and so many of them at once. */
interface Scheduler {
  readonly batchSize: number;
  readonly workers: number;
}

/**
 * A batch is claimed, and sent as the claim gave it; what the repository works out in between, when the next
 * repetition is due, PostgreSQL adds.
 */
function script(batchSize: number): string {
  return `select coalesce(json_agg(json_build_object(
         'id', id, 'lease_token', lease_token, 'conversation_id', conversation_id, 'client_id', client_id,
         'kind', kind, 'priority', priority, 'repeat_at', scheduled_at + interval '${REPEAT_EVERY}',
         'escalates', false)) filter (where id is not null), '[]') as batch
  from ${CLAIM_ROUTINE.name}(now(), now() + interval '1 minute', ${batchSize}) \\gset
select count(*) from ${SEND_ROUTINE.name}(:batch, now(), md5(random()::text));
`;
}

/** Calls Otklik's own functions from PostgreSQL's own benchmark: as fast as a worker can be. */
export class SchedulerFloor implements Contender {
  private due = 0;

  private constructor(
    private readonly databaseUrl: string,
    private readonly folder: string,
    private readonly scheduler: Scheduler,
    private readonly reminders: DueReminders,
    private readonly cleanup: Cleanup,
  ) {}

  /** @param folder for its script */
  static async start(
    databaseUrl: string,
    folder: string,
    scheduler: Scheduler,
    cleanup: Cleanup,
  ): Promise<SchedulerFloor> {
    const reminders = await DueReminders.in(databaseUrl, cleanup);
    return new SchedulerFloor(databaseUrl, folder, scheduler, reminders, cleanup);
  }

  tidyUp(): Promise<void> {
    return this.reminders.tidyUp();
  }

  async fill(due: number): Promise<void> {
    await this.reminders.makeOverdue(due);
    this.due = due;
  }

  async drain(): Promise<number> {
    const { batchSize, workers } = this.scheduler;
    const file = join(this.folder, 'reminders.sql');
    writeFileSync(file, script(batchSize));
    const batches = Math.ceil(this.due / batchSize / workers);
    const words = [
      ['--no-vacuum', '--protocol=prepared', `--client=${workers}`, `--jobs=${workers}`],
      [`--transactions=${batches}`, `--file=${file}`],
    ].flat();
    // Its own time: without what it takes to start and to connect.
    const { perSecond, processed } = readOutput(await runPgbench(this.databaseUrl, words, this.cleanup));
    await this.reminders.verify();
    return (processed / perSecond) * 1000;
  }
}
