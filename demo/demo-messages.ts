import { inventClientId, toClientId } from './client-assignment.js';
import { readCsvTable } from './csv-table.js';
import { DemoProblem } from './demo-problem.js';
import { chooseColumns } from './message-columns.js';

export interface DemoMessage {
  /** As a spreadsheet numbers the rows: the header is row 1. */
  readonly row: number;
  readonly clientId: string;
  readonly text: string;
  readonly language: string | null;
  /**
   * Whether an Idempotency-Key goes with it. A client that wrote the same twice in a row pressed "send"
   * twice: those two go without a key, so that what the server finds equal is their content.
   */
  readonly keyed: boolean;
}

export interface DemoMessages {
  readonly messages: readonly DemoMessage[];
  readonly blankRows: number;
  readonly textColumn: string;
  /** `null` when the clients are invented. */
  readonly clientColumn: string | null;
}

interface Reading {
  readonly text: string | null;
  readonly client: string | null;
  readonly limit: number | null;
}

type Unkeyed = Omit<DemoMessage, 'keyed'>;

function sameAgain(one: Unkeyed | undefined, other: Unkeyed): boolean {
  return one !== undefined && one.clientId === other.clientId && one.text === other.text;
}

function toLanguage(cell: string | undefined): string | null {
  const language = cell?.trim() ?? '';
  return /^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/.test(language) ? language : null;
}

/** Turns a CSV's text into the messages to send; `limit` counts messages, blank cells aside. */
export function readDemoMessages(csv: string, reading: Reading): DemoMessages {
  const table = readCsvTable(csv);
  const columns = chooseColumns(table, reading);
  const written = table.records
    .map((record, index) => ({ record, row: index + 2, text: record[columns.text] ?? '' }))
    .filter(({ text }) => text.trim() !== '');
  if (written.length === 0) {
    throw new DemoProblem(`There is no message in the column "${table.columns[columns.text] ?? ''}".`);
  }
  const taken = reading.limit === null ? written : written.slice(0, reading.limit);
  const unkeyed: Unkeyed[] = taken.map(({ record, row, text }) => {
    const name = columns.client === null ? '' : (record[columns.client] ?? '');
    return {
      row,
      text,
      clientId: name.trim() === '' ? inventClientId(row, taken.length) : toClientId(name),
      language: columns.language === null ? null : toLanguage(record[columns.language]),
    };
  });
  return {
    messages: unkeyed.map((message, index) => ({
      ...message,
      keyed: !sameAgain(unkeyed[index - 1], message) && !sameAgain(unkeyed[index + 1], message),
    })),
    blankRows: table.records.length - written.length,
    textColumn: table.columns[columns.text] ?? '',
    clientColumn: columns.client === null ? null : (table.columns[columns.client] ?? ''),
  };
}
