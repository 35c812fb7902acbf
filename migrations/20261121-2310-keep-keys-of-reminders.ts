import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A reminder that is made by hand is made once for an idempotency key. Its record has no message. (A reply is a message;
 * its record is as that of any other.)
 */
export class KeepKeysOfReminders implements MigrationInterface {
  name = 'KeepKeysOfReminders1795302600000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table idempotency_records
        alter column message_id drop not null,
        -- counts where there is no message: ingest, which takes over a key that has expired, leaves it as it is
        add column reminder_id uuid;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      delete from idempotency_records where message_id is null;
      alter table idempotency_records drop column reminder_id, alter column message_id set not null;
    `);
  }
}
