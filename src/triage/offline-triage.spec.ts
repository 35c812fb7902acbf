import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { packageFolder } from '../config/package-folder.js';
import { PRIORITIES } from '../conversations/priority.js';
import { OfflineTriage } from './offline-triage.js';
import { readCsvMessages } from './training/csv-messages.js';
import { evaluate } from './training/evaluation.js';

const folder = join(packageFolder(import.meta.url), 'src', 'triage');
const triage = OfflineTriage.load();

describe('the shipped triage', () => {
  it.each([
    ['How do I change my PIN?', 'low', 'change_pin'],
    ['Where is the card that I ordered two weeks ago?', 'normal', 'card_arrival'],
    ['I was charged twice for the same purchase', 'high', 'transaction_charged_twice'],
    ['There is a cash withdrawal I did not make', 'urgent', 'cash_withdrawal_not_recognised'],
    ['Как поменять пин-код?', 'low', 'change_pin'],
    ['Почему с меня списали деньги дважды за одну покупку', 'high', 'transaction_charged_twice'],
    ['Я потерял карту, заблокируйте', 'urgent', 'lost_or_stolen_card'],
  ])('triages %j as %s, %s', (text, priority, category) => {
    expect(triage.classify(text)).toMatchObject({ priority, category });
  });

  it.each([
    ['I have chest pain after using your product', 'danger_to_health'],
    ['There is carbon monoxide in the flat', 'danger_to_life'],
    ['У нас пахнет газом', 'danger_to_life'],
    ['мне угрожают', 'danger_to_life'],
  ])('makes %j urgent, though no training message was like it', (text, category) => {
    expect(triage.classify(text)).toEqual({ priority: 'urgent', category, confidence: 0.95 });
  });

  it('knows a category of its own better than the rule, where both say urgent', () => {
    expect(triage.classify('My phone was stolen from my bag').category).toBe('lost_or_stolen_phone');
  });

  it('says that it cannot tell, for messages unlike its training', async () => {
    const strange = await readCsvMessages(join(folder, 'training', 'out-of-domain.csv'), {});
    expect(strange.length).toBeGreaterThanOrEqual(100);
    const told = strange.map(({ text }) => triage.classify(text));
    expect(told.filter(({ priority }) => priority === 'low')).toEqual([]);
    const unknown = told.filter(({ category }) => category === null);
    expect(unknown.length / told.length).toBeGreaterThan(0.94);
    for (const verdict of unknown) {
      expect(verdict.priority).toBe('normal');
      expect(verdict.confidence).toBeLessThanOrEqual(0.3);
    }
  });

  it('understands Russian that it was not trained on', async () => {
    const file = readFileSync(join(folder, 'training', 'russian-starter.csv'), 'utf8');
    const pairs = file.split('\n').map((line) => line.slice(line.lastIndexOf(',') + 1));
    const priorities = Object.fromEntries(pairs.map((category) => [category, 'normal' as const]));
    const messages = await readCsvMessages(join(folder, 'training', 'russian-held-out.csv'), priorities);
    const figures = evaluate(({ text }) => triage.classify(text), messages);
    expect(figures.categoryAccuracy).toBeGreaterThan(0.87);
    expect(figures.unknownRate).toBeLessThan(0.03);
  });

  it.each(['', ' ', '\u200b\u200d', '???', '👍👍', '\ud800'])('cannot tell what %j says', (text) => {
    expect(triage.classify(text)).toEqual({ priority: 'normal', category: null, confidence: 0 });
  });

  it('fits in 5 MB', () => {
    expect(statSync(join(folder, 'model', 'triage-model.bin')).size).toBeLessThanOrEqual(5_000_000);
    expect(existsSync(join(folder, 'model', 'README.md'))).toBe(true);
  });
});

describe('OfflineTriage', () => {
  it('answers every string with a priority and a confidence of 0 to 1', () => {
    const any = fc.oneof(fc.string({ unit: 'binary', maxLength: 400 }), fc.string({ unit: 'grapheme' }));
    fc.assert(
      fc.property(any, (text) => {
        const verdict = triage.classify(text);
        expect(PRIORITIES).toContain(verdict.priority);
        expect(verdict.confidence).toBeGreaterThanOrEqual(0);
        expect(verdict.confidence).toBeLessThanOrEqual(1);
        if (verdict.category === null) expect(verdict.priority).not.toBe('low');
      }),
    );
  });

  it('does not mind case', () => {
    const letters = [...'abcdefghijklmnopqrstuvwxyzабвгдеёжзийклмнопрстуфхцчшщъыьэюя 0123456789,.!?'];
    const text = fc.string({ unit: fc.constantFrom(...letters), maxLength: 200 });
    fc.assert(
      fc.property(text, (lower) => {
        expect(triage.classify(lower.toUpperCase())).toEqual(triage.classify(lower));
      }),
    );
  });

  it('answers the same whatever it read before', () => {
    const text = 'My top up is still pending';
    const first = triage.classify(text);
    triage.classify('мошенники! '.repeat(2000));
    expect(triage.classify(text)).toEqual(first);
  });

  it('refuses to load a model that is none', () => {
    expect(() => OfflineTriage.load({ model: join(folder, 'safety-rules.json') })).toThrow(
      'not a triage model',
    );
    expect(() => OfflineTriage.load({ safetyRules: join(folder, 'missing.json') })).toThrow('ENOENT');
  });
});
