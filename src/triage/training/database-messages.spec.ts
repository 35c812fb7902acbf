import { type CorrectedRow, PAGE_ROWS, readCorrectedMessages } from './database-messages.js';

function row(number: number): CorrectedRow {
  const id = String(number).padStart(6, '0');
  return { id, content: `text ${id}`, corrected_category: null, corrected_priority: 'high' };
}

/** Answers as the query would, from rows in memory, and keeps what it was asked. */
function databaseOf(rows: CorrectedRow[]) {
  const asked: { sql: string; parameters: unknown[] }[] = [];
  const query = async (sql: string, parameters: unknown[]) => {
    asked.push({ sql, parameters });
    const after = String(parameters[1] ?? '');
    return { rows: rows.filter(({ id }) => id > after).slice(0, Number(parameters[0])) };
  };
  return { asked, query };
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe('readCorrectedMessages', () => {
  it('reads every corrected message once, a page after the other', async () => {
    const rows = Array.from({ length: PAGE_ROWS * 2 + 5 }, (_, index) => row(index));
    const database = databaseOf(rows);
    const messages = await collect(readCorrectedMessages(database, {}));
    expect(messages.map(({ text }) => text)).toEqual(rows.map(({ content }) => content));
    expect(database.asked.map(({ parameters }) => parameters)).toEqual([
      [PAGE_ROWS],
      [PAGE_ROWS, '000999'],
      [PAGE_ROWS, '001999'],
    ]);
    for (const { sql } of database.asked) expect(sql).toContain('corrected_at is not null');
  });

  it('takes the priority from the category, and names the message that has none', async () => {
    const rows = [{ ...row(1), corrected_category: 'card', corrected_priority: null }];
    expect(await collect(readCorrectedMessages(databaseOf(rows), { card: 'low' }))).toEqual([
      { text: 'text 000001', category: 'card', priority: 'low', language: null },
    ]);
    await expect(collect(readCorrectedMessages(databaseOf(rows), {}))).rejects.toThrow('message 000001');
  });

  it('reads nothing from an empty table', async () => {
    expect(await collect(readCorrectedMessages(databaseOf([]), {}))).toEqual([]);
  });
});
