import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Client } from 'pg';
import { packageFolder } from '../../config/package-folder.js';
import { SafetyRules } from '../safety/safety-rules.js';
import { reportOf } from './evaluation-report.js';
import { TrainingInputError } from './labelled-message.js';
import { MODEL_FILE, train } from './train.js';
import { USUAL_FOLDS } from './training-recipe.js';

const USAGE = `npm run triage:train -- [--file messages.csv]... [--priorities priorities.json]
  [--database postgres://...] [--folds 10] [--out folder]

  --file        a CSV file with the column text and the columns category, priority or both; repeatable
  --priorities  a JSON file { "category": "priority" }, for messages that do not say their own
  --database    also learn from the messages whose triage the team corrected
  --folds       how many parts the messages are dealt into; each is judged by a model trained on the others
  --out         where the model goes; the release's own folder if left out`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      file: { type: 'string', multiple: true, default: [] },
      priorities: { type: 'string' },
      database: { type: 'string' },
      folds: { type: 'string', default: String(USUAL_FOLDS) },
      out: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help || (values.file.length === 0 && values.database === undefined)) {
    console.log(USAGE);
    return;
  }
  const shipped = join(packageFolder(import.meta.url), 'src', 'triage');
  const out = values.out ?? join(shipped, 'model');
  const database = values.database === undefined ? null : new Client({ connectionString: values.database });
  await database?.connect();
  try {
    const figures = await train(
      {
        files: values.file,
        priorities: values.priorities ?? null,
        database,
        out,
        folds: Number(values.folds),
        safetyRules: SafetyRules.load(join(shipped, 'safety-rules.json')),
      },
      process.stderr,
    );
    console.log(`Cross-validation, ${figures.folds} folds\n`);
    console.log(reportOf('All, model alone', figures.without));
    console.log(`\n${reportOf('All, with safety rules', figures.with)}`);
    for (const [source, figure] of Object.entries(figures.bySource)) {
      console.log(`\n${reportOf(`${source}, model alone`, figure.without)}`);
      console.log(`\n${reportOf(`${source}, with safety rules`, figure.with)}`);
    }
    console.log(`\nWritten: ${join(out, MODEL_FILE)}`);
  } finally {
    await database?.end();
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof TrainingInputError ? error.message : error);
  process.exitCode = 1;
});
