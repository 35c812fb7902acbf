import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageFolder } from '../../config/package-folder.js';
import { MessageTokens } from '../text/message-tokens.js';
import { SafetyRules } from './safety-rules.js';

const shipped = SafetyRules.load(join(packageFolder(import.meta.url), 'src', 'triage', 'safety-rules.json'));
const { groups, rules } = shipped.file;
const tokens = new MessageTokens();

function rulesWith(patterns: string[], unless: string[] = []): SafetyRules {
  const rule = { id: 'one', language: 'en' as const, about: 'theft' as const, category: 'theft' };
  return new SafetyRules({
    groups: {},
    rules: [{ ...rule, patterns, unless, catches: ['x'], ignores: ['x'] }],
  });
}

function hits(subject: SafetyRules, text: string): boolean {
  return subject.find(tokens.read(text)) !== null;
}

describe('the shipped safety rules', () => {
  describe.each(rules.map((rule) => [rule.id, rule] as const))('%s', (_, rule) => {
    const alone = new SafetyRules({ groups, rules: [rule] });
    it.each(rule.catches)('catches: %s', (text) => {
      expect(alone.find(tokens.read(text))?.id).toBe(rule.id);
      expect(alone.find(tokens.read(text.toUpperCase()))?.id).toBe(rule.id);
    });
    it.each(rule.ignores)('ignores: %s', (text) => {
      expect(shipped.find(tokens.read(text))?.id).toBeUndefined();
    });
  });

  it('cover theft, fraud, money gone and danger in both languages', () => {
    for (const language of ['en', 'ru']) {
      const dangers = new Set(rules.filter((rule) => rule.language === language).map(({ about }) => about));
      expect([...dangers].sort()).toEqual([
        'danger to health',
        'danger to life',
        'fraud',
        'money gone',
        'theft',
      ]);
    }
  });

  it('are read to the end of a long message', () => {
    expect(hits(shipped, `${'All is fine here. '.repeat(600)} But my card was stolen.`)).toBe(true);
  });
});

describe('SafetyRules', () => {
  it('wants the words of a pattern in order, near enough, in one sentence', () => {
    const subject = rulesWith(['card ..1 stolen']);
    expect(hits(subject, 'card stolen')).toBe(true);
    expect(hits(subject, 'card was stolen')).toBe(true);
    expect(hits(subject, 'card card x stolen')).toBe(true);
    expect(hits(subject, 'card was surely stolen')).toBe(false);
    expect(hits(subject, 'stolen card')).toBe(false);
    expect(hits(subject, 'a card. Stolen')).toBe(false);
  });

  it('lets one word fill one place only', () => {
    const subject = rulesWith(['stol* stolen']);
    expect(hits(subject, 'stolen')).toBe(false);
    expect(hits(subject, 'stolen stolen')).toBe(true);
  });

  it('is excused in the sentence of the excuse only', () => {
    const subject = rulesWith(['stolen'], ['not stolen']);
    expect(hits(subject, 'It was not stolen')).toBe(false);
    expect(hits(subject, 'It was not stolen. My phone was stolen')).toBe(true);
    expect(hits(subject, 'My phone was stolen. It was not stolen')).toBe(true);
  });

  it('reads digits for letters and letters spaced out', () => {
    const subject = rulesWith(['stolen']);
    expect(hits(subject, 'it was $t0l3n')).toBe(true);
    expect(hits(subject, 'it was s t o l e n')).toBe(true);
    expect(hits(subject, 's.t.o.l.e.n')).toBe(true);
    expect(hits(subject, 's t o')).toBe(false);
    expect(hits(subject, '507 1 3')).toBe(false);
  });

  it('takes the first rule of the file where several are hit', () => {
    const [first, second] = rules;
    if (first === undefined || second === undefined) throw new Error('There are no two rules');
    const text = `${second.catches[0]}. ${first.catches[0]}`;
    expect(shipped.find(tokens.read(text))?.id).toBe(first.id);
  });

  it.each([
    ['a word over and over', 'stolen '],
    ['the first word of a pattern', 'someone '],
    ['the words before the last', 'my card was my money '],
    ['single letters', 's t o l e n '],
    ['digits among letters', 'st0len$ '],
    ['letters without an end', 'stole'],
    ['sentences', 'stolen? not stolen! '],
  ])('does ten times the work for a message ten times as long: %s', (_, part) => {
    const workFor = (times: number): number => {
      const before = shipped.work;
      shipped.find(tokens.read(part.repeat(times)));
      return shipped.work - before;
    };
    const short = workFor(200);
    expect(workFor(2000)).toBeLessThanOrEqual(short * 10 + 500);
    expect(short).toBeLessThan(part.length * 200 * 25);
  });
});

describe('loading safety rules', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'safety-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function load(content: unknown): SafetyRules {
    const file = join(folder, 'rules.json');
    writeFileSync(file, JSON.stringify(content));
    return SafetyRules.load(file);
  }

  it('says what is wrong with a file', () => {
    expect(() => load({ groups: {}, rules: [{ ...rules[0], about: 'weather' }] })).toThrow(
      /rules\.json.*about/s,
    );
    expect(() => load({ groups: {}, rules: [{ ...rules[0], catches: [] }] })).toThrow('catches');
    expect(() => load({ groups, rules: [rules[0], rules[0]] })).toThrow('Two rules are called');
  });
});
