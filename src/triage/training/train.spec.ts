import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OfflineTriage } from '../offline-triage.js';
import { SafetyRules } from '../safety/safety-rules.js';
import { USUAL_COLUMNS } from './csv-messages.js';
import { evaluateFile } from './evaluate.js';
import { MODEL_FILE, type TrainRequest, train } from './train.js';

const THINGS = ['lamp', 'table', 'chair', 'sofa', 'shelf', 'mirror', 'carpet', 'desk', 'stool', 'bench'];
const SILENT = { write: () => undefined };
const RULES = {
  groups: {},
  rules: [
    {
      id: 'fire',
      language: 'en' as const,
      about: 'danger to life' as const,
      category: 'fire',
      patterns: ['on fire'],
      unless: [],
      catches: ['on fire'],
      ignores: ['fire'],
    },
  ],
};

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'train-'));
  const lines = THINGS.flatMap((thing) => [
    `where is the ${thing} I ordered,delivery,en`,
    `the ${thing} arrived broken and scratched,damage,en`,
    `сколько стоит ${thing} и есть ли скидка,price,ru`,
  ]);
  writeFileSync(join(folder, 'messages.csv'), `text,category,language\n${lines.join('\n')}\n`);
  writeFileSync(join(folder, 'priorities.json'), '{"delivery":"normal","damage":"high","price":"low"}');
  writeFileSync(join(folder, 'rules.json'), JSON.stringify(RULES));
});
afterEach(() => rmSync(folder, { recursive: true }));

function request(part: Partial<TrainRequest> = {}): TrainRequest {
  return {
    files: [join(folder, 'messages.csv')],
    priorities: join(folder, 'priorities.json'),
    database: null,
    out: join(folder, 'out'),
    safetyRules: new SafetyRules(RULES),
    folds: 5,
    ...part,
  };
}

describe('train', () => {
  it('learns from a file what it can then tell of messages it has not seen', async () => {
    const figures = await train(request(), SILENT);
    expect(figures.with.messages).toBe(30);
    expect(figures.with.priorityAccuracy).toBe(1);
    const files = { model: join(folder, 'out', MODEL_FILE), safetyRules: join(folder, 'rules.json') };
    const triage = OfflineTriage.load(files);
    expect(triage.classify('where is the cupboard I ordered')).toMatchObject({
      priority: 'normal',
      category: 'delivery',
    });
    expect(triage.classify('сколько стоит зеркало')).toMatchObject({ priority: 'low', category: 'price' });
    expect(triage.classify('zzz qqq')).toEqual({ priority: 'normal', category: null, confidence: 0 });
    expect(triage.classify('my sofa is on fire')).toMatchObject({ priority: 'urgent', category: 'fire' });
    const readme = readFileSync(join(folder, 'out', 'README.md'), 'utf8');
    expect(readme).toContain('| messages.csv | 30 |');
    expect(readme).toContain('dealt into 5 parts');
    expect(readme).toContain('| messages.csv, model alone | 30 | 1.0000 | 100.00 % | 0.00 % |');
    expect(readme).not.toContain('## Attribution');
  });

  it('gives the same bytes for the same messages', async () => {
    await train(request(), SILENT);
    await train(request({ out: join(folder, 'again') }), SILENT);
    const bytes = (name: string): Buffer => readFileSync(join(folder, name, MODEL_FILE));
    expect(bytes('again').equals(bytes('out'))).toBe(true);
  });

  it('refuses to train on one category, with one fold, or on a category without a priority', async () => {
    writeFileSync(join(folder, 'one.csv'), 'text,priority\na,low\nb,low\n');
    const one = request({ files: [join(folder, 'one.csv')] });
    await expect(train(one, SILENT)).rejects.toThrow('at least two categories');
    await expect(train(request({ folds: 1 }), SILENT)).rejects.toThrow('at least two folds');
    await expect(train(request({ priorities: null }), SILENT)).rejects.toThrow('line 2: category "delivery"');
  });
});

describe('evaluateFile', () => {
  it('reports with rules, without, and per language', async () => {
    await train(request(), SILENT);
    const report = await evaluateFile(
      {
        file: join(folder, 'messages.csv'),
        priorities: join(folder, 'priorities.json'),
        columns: USUAL_COLUMNS,
        model: join(folder, 'out', MODEL_FILE),
        safetyRules: join(folder, 'rules.json'),
      },
      SILENT,
    );
    expect(report).toContain('With safety rules: 30 messages');
    expect(report).toContain('Model alone: 30 messages');
    expect(report).toContain('Language en, with safety rules: 20 messages');
    expect(report).toContain('Language ru, with safety rules: 10 messages');
  });
});
