import { readCsvTable } from './csv-table.js';
import { chooseColumns } from './message-columns.js';

const UNNAMED = { text: null, client: null };

describe('chooseColumns', () => {
  it.each([
    ['text', 'id,Text,a longer story\n1,hi,something much longer\n', 1],
    ['message', 'message,id\nhello,1\n', 0],
    ['content', 'id,content\n1,hello\n', 1],
    ['the only column', 'complaint\nwhere is it?\n', 0],
    ['the longest texts', 'label,body,when\nlate,where is my parcel?,2026-11-21T09:00:00Z\n', 1],
    ['words rather than long numbers', 'n,body\n12345678901234567890,hello\n', 1],
  ])('finds the messages by %s', (_, csv, position) => {
    expect(chooseColumns(readCsvTable(csv), UNNAMED).text).toBe(position);
  });

  it('takes the columns that were named, in any case', () => {
    const table = readCsvTable('text,Note,buyer\na,b,c\n');
    expect(chooseColumns(table, { text: 'note', client: 'buyer' })).toEqual({
      text: 1,
      client: 2,
      language: null,
    });
  });

  it('finds the client and the language by their usual names', () => {
    const table = readCsvTable('client_id,language,text\nc,en,hello\n');
    expect(chooseColumns(table, UNNAMED)).toEqual({ text: 2, client: 0, language: 1 });
  });

  it('does not take the long names of clients for messages', () => {
    const table = readCsvTable('body,who\nhello,Anna Maria of Riga\n');
    expect(chooseColumns(table, { text: null, client: 'who' }).text).toBe(0);
  });

  it('names the columns there are when one is missing', () => {
    const table = readCsvTable('id,text\n1,hello\n');
    expect(() => chooseColumns(table, { text: 'body', client: null })).toThrow(
      '--text: there is no column "body". The columns are: "id", "text".',
    );
    expect(() => chooseColumns(table, { text: null, client: 'who' })).toThrow(
      /^--client: there is no column/,
    );
  });

  it('names the columns there are when none holds messages', () => {
    expect(() => chooseColumns(readCsvTable('a,b\n1,2\n3,4\n'), UNNAMED)).toThrow(
      'No column looks like messages; name one with --text. The columns are: "a", "b".',
    );
  });
});
