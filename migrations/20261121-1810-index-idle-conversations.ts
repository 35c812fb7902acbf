import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What auto-close looks for: conversations in which nobody waits, by priority, the longest idle first. Built beside
 * the version before, which goes on writing meanwhile.
 */
export class IndexIdleConversations implements MigrationInterface {
  name = 'IndexIdleConversations1795284600000';
  transaction = false as const;

  async up(runner: QueryRunner): Promise<void> {
    // One that an interrupted attempt left behind is not valid.
    await runner.query('drop index concurrently if exists ix_conversations_idle');
    await runner.query(`
      create index concurrently ix_conversations_idle on conversations (priority, last_activity_at, id)
        where status <> 'closed' and waiting_since is null`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index ix_conversations_idle');
  }
}
