import { type LabelledMessage, labelled, type PriorityByCategory } from './labelled-message.js';

/** What is asked of a database connection; a `pg` client is one. */
export interface Queryable {
  query(sql: string, parameters: unknown[]): Promise<{ rows: CorrectedRow[] }>;
}

/** A message whose triage somebody of the team corrected: what was not corrected stands. */
export interface CorrectedRow {
  id: string;
  content: string;
  category: string | null;
  priority: string | null;
}

export const PAGE_ROWS = 1000;

const COLUMNS = `id::text as id, content, coalesce(corrected_category, category) as category,
  coalesce(corrected_priority, priority)::text as priority`;

/**
 * The team's own corrected messages, a page at a time by key, so that neither side ever holds them all and
 * no page costs more than the first.
 *
 * @throws TrainingInputError naming the message whose correction gives no priority.
 */
export async function* readCorrectedMessages(
  database: Queryable,
  priorities: PriorityByCategory,
): AsyncGenerator<LabelledMessage> {
  let after: string | null = null;
  for (;;) {
    const where: string = after === null ? '' : 'and id > $2';
    const page: { rows: CorrectedRow[] } = await database.query(
      `select ${COLUMNS} from messages where corrected_at is not null ${where} order by messages.id limit $1`,
      after === null ? [PAGE_ROWS] : [PAGE_ROWS, after],
    );
    for (const row of page.rows) {
      yield labelled(
        { text: row.content, category: row.category, priority: row.priority },
        priorities,
        `message ${row.id}`,
      );
    }
    after = page.rows.at(-1)?.id ?? null;
    if (page.rows.length < PAGE_ROWS || after === null) return;
  }
}
