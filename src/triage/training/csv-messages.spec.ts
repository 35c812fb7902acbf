import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCsvMessages, readPriorities, USUAL_COLUMNS } from './csv-messages.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'csv-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function file(content: string): string {
  const path = join(folder, 'messages.csv');
  writeFileSync(path, content);
  return path;
}

describe('readCsvMessages', () => {
  it('reads quoted texts, a byte order mark and columns by any name', async () => {
    const path = file('\ufeffwhat,about,lang\n"Lost, ""gone""\nor so",card_lost,en\n');
    const columns = { ...USUAL_COLUMNS, text: 'what', category: 'about', language: 'lang' };
    expect(await readCsvMessages(path, { card_lost: 'urgent' }, columns)).toEqual([
      { text: 'Lost, "gone"\nor so', category: 'card_lost', priority: 'urgent', language: 'en' },
    ]);
  });

  it.each([
    ['message,category\na,b\n', 'no column "text"; it has: message, category'],
    ['text,label\na,b\n', 'no column "category" and none "priority"; it has: text, label'],
    ['text,priority\na,low\nb,big\n', 'messages.csv, line 3: "big" is no priority'],
    ['text,category\na,b\n', 'messages.csv, line 2: category "b" has no priority'],
    ['text,category\na,b,c\n', 'messages.csv: Invalid Record Length'],
    ['text,priority\n', 'no messages in it'],
  ])('says what is wrong with %j', async (content, reason) => {
    await expect(readCsvMessages(file(content), {})).rejects.toThrow(reason);
  });

  it('says that a file is missing', async () => {
    await expect(readCsvMessages(join(folder, 'no.csv'), {})).rejects.toThrow('no.csv: no such file');
  });
});

describe('readPriorities', () => {
  it('reads an object of priorities', () => {
    expect(readPriorities(file('{"a":"low"}'))).toEqual({ a: 'low' });
  });

  it.each([
    ['{', 'not JSON'],
    ['[]', 'must be an object'],
    ['{"a":"soon"}', 'category "a": "soon" is no priority'],
  ])('refuses %j', (content, reason) => {
    expect(() => readPriorities(file(content))).toThrow(reason);
  });
});
