import type { TestDatabase } from './test-database.js';

/**
 * Makes conversations that wait under the last reminder of their chain, many at once.
 *
 * @param scheduledAt when the reminders are due, ISO 8601
 */
export async function makeWaitingConversations(
  database: TestDatabase,
  count: number,
  scheduledAt: string,
): Promise<void> {
  await database.query(
    `with made as (
       select uuid_v7($2::timestamptz) as id, 'waiting-' || gen_random_uuid() as client_id
         from generate_series(1, $1::integer)
     ), written as (
       insert into clients (id, first_seen_at, last_seen_at)
       select client_id, $2::timestamptz - interval '1 day', $2::timestamptz - interval '1 day' from made
     ), opened as (
       insert into conversations
              (id, client_id, status, priority, channel, opened_at, last_activity_at, waiting_since)
       select id, client_id, 'open', 'normal', 'api', at, at, at
         from made, (select $2::timestamptz - interval '1 day' as at) opened
     )
     insert into reminders (id, conversation_id, kind, level, priority, scheduled_at, created_at)
     select uuid_v7($2), id, 'policy', 3, 'normal', $2, $2::timestamptz - interval '1 day' from made`,
    [count, scheduledAt],
  );
}
