import { readFileSync } from 'node:fs';
import { type DemoMessage, readDemoMessages } from './demo-messages.js';

const ALL = { text: null, client: null, limit: null };

describe('readDemoMessages', () => {
  it('numbers rows as a spreadsheet does and leaves blank ones out', () => {
    const read = readDemoMessages('clientId,text\na,one\n\nb,   \nc,two\n', ALL);
    expect(read.messages.map(({ row, clientId, text }) => [row, clientId, text])).toEqual([
      [2, 'a', 'one'],
      [5, 'c', 'two'],
    ]);
    expect(read).toMatchObject({ blankRows: 2, textColumn: 'text', clientColumn: 'clientId' });
  });

  it('keeps a text exactly as it was written', () => {
    const [message] = readDemoMessages('text\n"  <b>hi</b>\n\tthere "\n', ALL).messages;
    expect(message?.text).toBe('  <b>hi</b>\n\tthere ');
  });

  it('takes the first messages only when asked to', () => {
    const read = readDemoMessages('text\none\n""\ntwo\nthree\n', { ...ALL, limit: 2 });
    expect(read.messages.map(({ text }) => text)).toEqual(['one', 'two']);
  });

  it('invents clients where the file names none', () => {
    const read = readDemoMessages('text,clientId\none,\ntwo,b\n', ALL);
    expect(read.messages.map(({ clientId }) => clientId)).toEqual(['demo-client-1', 'b']);
    expect(readDemoMessages('text\none\n', ALL).clientColumn).toBeNull();
  });

  it('passes a language on when it is one', () => {
    const read = readDemoMessages('text,language\na,en\nb,pt-BR\nc,unknown language\nd,\n', ALL);
    expect(read.messages.map(({ language }) => language)).toEqual(['en', 'pt-BR', null, null]);
  });

  it('sends both of a double without a key, and everything else with one', () => {
    const read = readDemoMessages('clientId,text\na,hi\na,help\na,help\nb,help\nb,hi\n', ALL);
    expect(read.messages.map(({ keyed }) => keyed)).toEqual([true, false, false, true, true]);
  });

  it('says which column is empty', () => {
    expect(() => readDemoMessages('id,text\n1,\n', ALL)).toThrow('There is no message in the column "text".');
  });
});

describe('the messages of the demo', () => {
  const { messages } = readDemoMessages(readFileSync('demo/messages.csv', 'utf8'), ALL);
  const share = (chosen: (message: DemoMessage) => boolean) =>
    messages.filter(chosen).length / messages.length;

  it('are several hundred, half English and half Russian', () => {
    expect(messages.length).toBeGreaterThanOrEqual(320);
    expect(share(({ language }) => language === 'en')).toBeCloseTo(0.5, 1);
    expect(share(({ language }) => language === 'ru')).toBeCloseTo(0.5, 1);
  });

  it('come from clients of whom many write again, a few the same twice', () => {
    const clients = new Set(messages.map(({ clientId }) => clientId));
    expect(clients.size).toBeLessThan(messages.length * 0.6);
    expect(messages.filter(({ keyed }) => !keyed)).toHaveLength(14);
  });

  it.each([
    ['emoji', /\p{Extended_Pictographic}/u],
    ['right-to-left script', /[\u0590-\u06ff]/],
    ['markup', /<[a-z1-9]+>/],
    ['text that looks like SQL', /DROP TABLE|SELECT .* FROM/],
    ['several lines', /\n/],
  ])('hold %s', (_, pattern) => {
    expect(messages.some(({ text }) => pattern.test(text))).toBe(true);
  });
});
