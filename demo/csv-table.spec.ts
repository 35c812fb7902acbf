import { readCsvTable } from './csv-table.js';
import { DemoProblem } from './demo-problem.js';

describe('readCsvTable', () => {
  it('reads quoted cells with commas, quotes and line ends', () => {
    expect(readCsvTable('id,text\n1,"one, ""two""\nthree"\n')).toEqual({
      columns: ['id', 'text'],
      records: [['1', 'one, "two"\nthree']],
    });
  });

  it.each([
    ['a semicolon', 'id;text\n1;one, two\n'],
    ['a tab', 'id\ttext\n1\tone, two\n'],
    ['a byte order mark', '\ufeffid,text\n1,"one, two"\n'],
    ['line ends of Windows', 'id,text\r\n1,"one, two"\r\n'],
  ])('understands %s', (_, csv) => {
    expect(readCsvTable(csv)).toEqual({ columns: ['id', 'text'], records: [['1', 'one, two']] });
  });

  it('does not take separators inside a quoted column name for separators', () => {
    expect(readCsvTable('"a;b;c",text\n1,2\n').columns).toEqual(['a;b;c', 'text']);
  });

  it('takes short and long records as they are', () => {
    expect(readCsvTable('id,text\n1\n1,2,3\n').records).toEqual([['1'], ['1', '2', '3']]);
  });

  it('says what is wrong with a file that is no CSV', () => {
    expect(() => readCsvTable('')).toThrow(
      new DemoProblem('The CSV is empty: it has not even a header line.'),
    );
    expect(() => readCsvTable('id,text\n1,"never closed\n')).toThrow(/^This is not a readable CSV: /);
  });
});
