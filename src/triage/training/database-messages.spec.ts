import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { DataDirectory } from '../../database/data-directory.js';
import { EmbeddedPostgres } from '../../database/embedded-postgres.js';
import { decodeModel } from '../model-file.js';
import { SafetyRules } from '../safety/safety-rules.js';
import { PAGE_ROWS, readCorrectedMessages } from './database-messages.js';
import type { LabelledMessage, PriorityByCategory } from './labelled-message.js';
import { MODEL_FILE, train } from './train.js';

const QUIET = { info: () => undefined, warn: () => undefined };
const SILENT = { write: () => undefined };
const COLUMNS = 'id, content, priority, category, corrected_priority, corrected_category, corrected_at';

const folder = mkdtempSync(join(tmpdir(), 'otklik-corrected-'));
let directory: DataDirectory;
let postgres: EmbeddedPostgres;
let database: pg.Client;

beforeAll(async () => {
  directory = await DataDirectory.open(join(folder, 'data'));
  postgres = await EmbeddedPostgres.start(directory, { port: 0, startWait: 30_000, log: QUIET });
  database = new pg.Client({ connectionString: postgres.url });
  await database.connect();
  await database.query(`
    create type priority as enum ('low', 'normal', 'high', 'urgent');
    create table messages (
      id uuid primary key,
      content text not null,
      priority priority,
      category text,
      corrected_priority priority,
      corrected_category text,
      corrected_at timestamptz(3)
    )`);
});

afterAll(async () => {
  await database.end();
  await postgres.stop();
  await directory.close();
  rmSync(folder, { recursive: true });
});

beforeEach(() => database.query('truncate messages'));

async function read(priorities: PriorityByCategory): Promise<LabelledMessage[]> {
  const all: LabelledMessage[] = [];
  for await (const message of readCorrectedMessages(database, priorities)) all.push(message);
  return all;
}

describe('readCorrectedMessages', () => {
  it('reads every corrected message once, in the order of their keys, over several pages', async () => {
    const count = PAGE_ROWS * 2 + 5;
    await database.query(
      `insert into messages (${COLUMNS})
       select gen_random_uuid(), 'text ' || n, 'low', 'card', 'high', null, now() from generate_series(1, $1::int) n`,
      [count],
    );
    const { rows } = await database.query('select content from messages order by id');
    const texts = (await read({})).map(({ text }) => text);
    expect(texts).toEqual(rows.map(({ content }) => content));
    expect(new Set(texts).size).toBe(count);
  });

  it('reads nothing that nobody corrected', async () => {
    await database.query(
      `insert into messages (${COLUMNS}) values (gen_random_uuid(), 'x', 'low', 'card', null, null, null)`,
    );
    expect(await read({})).toEqual([]);
  });

  it('keeps of the triage what was not corrected', async () => {
    await database.query(`
      insert into messages (${COLUMNS}) values
        ('00000000-0000-7000-8000-000000000001', 'one', 'low', 'card', 'urgent', null, now()),
        ('00000000-0000-7000-8000-000000000002', 'two', 'low', 'card', null, 'theft', now()),
        ('00000000-0000-7000-8000-000000000003', 'three', 'low', 'card', 'high', 'theft', now())`);
    const labels = (await read({})).map(({ category, priority }) => [category, priority]);
    expect(labels).toEqual([
      ['card', 'urgent'],
      ['theft', 'low'],
      ['theft', 'high'],
    ]);
  });

  it('takes the priority from the category where there is none, and names the message that has none', async () => {
    const id = '00000000-0000-7000-8000-000000000001';
    await database.query(
      `insert into messages (${COLUMNS}) values ('${id}', 'Где карта?', null, null, null, 'card', now())`,
    );
    expect(await read({ card: 'low' })).toEqual([
      { text: 'Где карта?', category: 'card', priority: 'low', language: null },
    ]);
    await expect(read({})).rejects.toThrow(`message ${id}: category "card" has no priority`);
  });
});

describe('train', () => {
  it('learns from corrected messages, also where they give one category two priorities', async () => {
    await database.query(`
      insert into messages (${COLUMNS})
      select gen_random_uuid(), replace(text, '%', thing), null, null, priority::priority, category, now()
      from unnest(array['lamp', 'table', 'chair', 'sofa', 'shelf', 'mirror', 'desk', 'stool']) thing,
        (values ('the % arrived broken', 'high', 'damage'),
                ('the % cut me, I am bleeding', 'urgent', 'damage'),
                ('nice %, thanks', 'normal', null)) as labels (text, priority, category)`);
    const safetyRules = new SafetyRules({ groups: {}, rules: [] });
    const out = join(folder, 'model');
    const figures = await train(
      { files: [], priorities: null, database, out, safetyRules, folds: 2 },
      SILENT,
    );
    expect(figures.bySource.database?.with.messages).toBe(24);
    expect(figures.with.priorityAccuracy).toBeGreaterThan(0.9);
    const { data } = decodeModel(readFileSync(join(out, MODEL_FILE)));
    expect(data.classes).toEqual([
      { category: 'damage', priority: 'high' },
      { category: 'damage', priority: 'urgent' },
      { category: null, priority: 'normal' },
    ]);
  });
});
