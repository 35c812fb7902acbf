import type { CsvTable } from './csv-table.js';
import { DemoProblem } from './demo-problem.js';

/** Positions in a record. */
export interface MessageColumns {
  readonly text: number;
  readonly client: number | null;
  readonly language: number | null;
}

const TEXT_NAMES = ['text', 'message', 'content'];
const CLIENT_NAMES = ['clientid', 'client_id'];
const LANGUAGE_NAMES = ['language', 'lang'];
/** Enough records to tell a column of sentences from a column of labels, even in a file of a million. */
const SAMPLE = 1000;

function positionOf(columns: readonly string[], names: readonly string[]): number | null {
  const lowered = columns.map((column) => column.toLowerCase());
  for (const name of names) {
    const position = lowered.indexOf(name);
    if (position !== -1) return position;
  }
  return null;
}

function namedColumn(columns: readonly string[], option: string, name: string): number {
  const exact = columns.indexOf(name);
  const position = exact === -1 ? positionOf(columns, [name.toLowerCase()]) : exact;
  if (position === null) {
    throw new DemoProblem(`--${option}: there is no column "${name}". ${listed(columns)}`);
  }
  return position;
}

function listed(columns: readonly string[]): string {
  return `The columns are: ${columns.map((column) => `"${column}"`).join(', ')}.`;
}

/** Numbers, dates and ids are no messages, however long. */
function isMostlyLetters(cell: string): boolean {
  return (cell.match(/\p{L}/gu)?.length ?? 0) * 2 >= cell.replace(/\s/g, '').length;
}

/** Mean length of a column's texts; 0 when most of what it holds is something else. */
function meanTextLength(table: CsvTable, position: number): number {
  const cells = table.records
    .slice(0, SAMPLE)
    .map((record) => record[position] ?? '')
    .filter((cell) => cell.trim() !== '');
  const texts = cells.filter(isMostlyLetters);
  if (texts.length * 2 < cells.length) return 0;
  return texts.reduce((sum, cell) => sum + cell.length, 0) / Math.max(texts.length, 1);
}

function longestTextColumn(table: CsvTable, others: readonly (number | null)[]): number {
  const lengths = table.columns.map((_, position) =>
    others.includes(position) ? 0 : meanTextLength(table, position),
  );
  const longest = Math.max(...lengths);
  if (longest === 0) {
    throw new DemoProblem(`No column looks like messages; name one with --text. ${listed(table.columns)}`);
  }
  return lengths.indexOf(longest);
}

/** Finds the columns to read: those that were named, else by their usual names, else by what they hold. */
export function chooseColumns(
  table: CsvTable,
  named: { text: string | null; client: string | null },
): MessageColumns {
  const { columns } = table;
  const client =
    named.client === null ? positionOf(columns, CLIENT_NAMES) : namedColumn(columns, 'client', named.client);
  const language = positionOf(columns, LANGUAGE_NAMES);
  const text =
    named.text === null
      ? (positionOf(columns, TEXT_NAMES) ?? longestTextColumn(table, [client, language]))
      : namedColumn(columns, 'text', named.text);
  return { text, client, language };
}
