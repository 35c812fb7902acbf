import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * An endpoint that is deleted is gone at once, and its row only once its deliveries are: `deleted_at`. Since when one that
 * is disabled is told nothing is a position in the outbox, not a time: `missed_after`.
 */
export class DeleteWebhooksBehind implements MigrationInterface {
  name = 'DeleteWebhooksBehind1795302000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table webhooks
        add column deleted_at   timestamptz(3),
        -- of the last event that was told to it, or would have been; null: it is enabled, or nobody knows
        add column missed_after bigint,
        -- The version before, which knows of no deletion, cannot wake one up.
        add constraint ck_webhooks_deleted check (deleted_at is null or not enabled);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      delete from webhooks where deleted_at is not null;
      alter table webhooks drop constraint ck_webhooks_deleted, drop column missed_after, drop column deleted_at;
    `);
  }
}
