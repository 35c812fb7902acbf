import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { parse } from 'csv-parse';
import type { Priority } from '../../conversations/priority.js';
import {
  knownPriority,
  type LabelledMessage,
  labelled,
  type PriorityByCategory,
  TrainingInputError,
} from './labelled-message.js';

/** Which columns of a CSV file hold what. */
export interface CsvColumns {
  text: string;
  category: string;
  priority: string;
  language: string;
}

export const USUAL_COLUMNS: CsvColumns = {
  text: 'text',
  category: 'category',
  priority: 'priority',
  language: 'language',
};

interface ParsedRow {
  record: Record<string, string>;
  info: { lines: number };
}

/**
 * Reads labelled messages from a CSV file with a header: a column of texts, and one of categories or of
 * priorities or both.
 *
 * @throws TrainingInputError naming the file and, for a bad row, the line it ends on.
 */
export async function readCsvMessages(
  file: string,
  priorities: PriorityByCategory,
  columns: CsvColumns = USUAL_COLUMNS,
): Promise<LabelledMessage[]> {
  requireFile(file);
  const messages: LabelledMessage[] = [];
  const parser = createReadStream(file).pipe(
    parse({ bom: true, info: true, columns: (header: string[]) => checkedHeader(header, columns, file) }),
  );
  try {
    for await (const { record, info } of parser as AsyncIterable<ParsedRow>) {
      const raw = {
        text: record[columns.text] ?? '',
        category: record[columns.category],
        priority: record[columns.priority],
        language: record[columns.language],
      };
      messages.push(labelled(raw, priorities, `${file}, line ${info.lines}`));
    }
  } catch (error) {
    if (error instanceof TrainingInputError) throw error;
    throw new TrainingInputError(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (messages.length === 0) throw new TrainingInputError(`${file}: no messages in it`);
  return messages;
}

/**
 * Reads a JSON file of the form `{ "category": "priority" }`.
 *
 * @throws TrainingInputError when it is missing, no such object, or names an unknown priority.
 */
export function readPriorities(file: string): PriorityByCategory {
  requireFile(file);
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new TrainingInputError(`${file}: not JSON: ${error instanceof Error ? error.message : error}`);
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw new TrainingInputError(`${file}: must be an object of the form { "category": "priority" }`);
  }
  const entries = Object.entries(content).map(([category, word]): [string, Priority] => [
    category,
    knownPriority(String(word), `${file}, category "${category}"`),
  ]);
  return Object.fromEntries(entries);
}

function requireFile(file: string): void {
  if (!existsSync(file)) throw new TrainingInputError(`${file}: no such file`);
}

function checkedHeader(header: string[], columns: CsvColumns, file: string): string[] {
  const there = `it has: ${header.join(', ')}`;
  if (!header.includes(columns.text)) {
    throw new TrainingInputError(`${file}: no column "${columns.text}"; ${there}`);
  }
  if (!header.includes(columns.category) && !header.includes(columns.priority)) {
    throw new TrainingInputError(
      `${file}: no column "${columns.category}" and none "${columns.priority}"; ${there}`,
    );
  }
  return header;
}
