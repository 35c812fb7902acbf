import { CsvError, parse } from 'csv-parse/sync';
import { DemoProblem } from './demo-problem.js';

export interface CsvTable {
  readonly columns: readonly string[];
  readonly records: readonly (readonly string[])[];
}

/** The separator that occurs most often in the header line, outside quotes; a comma when none does. */
function detectDelimiter(text: string): string {
  const counts = new Map([',', ';', '\t'].map((delimiter) => [delimiter, 0]));
  let quoted = false;
  for (const character of text) {
    if (character === '"') quoted = !quoted;
    else if (!quoted && (character === '\n' || character === '\r')) break;
    else if (!quoted && counts.has(character)) counts.set(character, (counts.get(character) ?? 0) + 1);
  }
  return [...counts].reduce((best, next) => (next[1] > best[1] ? next : best))[0];
}

/** Reads a CSV whose first record names the columns. Short and long records are taken as they are. */
export function readCsvTable(text: string): CsvTable {
  let records: string[][];
  try {
    records = parse(text, { bom: true, delimiter: detectDelimiter(text), relax_column_count: true });
  } catch (error) {
    if (error instanceof CsvError) throw new DemoProblem(`This is not a readable CSV: ${error.message}.`);
    throw error;
  }
  const [header, ...rest] = records;
  if (header === undefined) throw new DemoProblem('The CSV is empty: it has not even a header line.');
  return { columns: header.map((name) => name.trim()), records: rest };
}
