import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Client } from 'pg';
import { packageFolder } from '../package-folder.js';
import { SafetyRules } from '../safety/safety-rules.js';
import { reportOf } from './evaluation-report.js';
import { TrainingInputError } from './labelled-message.js';
import { MODEL_FILE, train } from './train.js';

const USAGE = `npm run triage:train -- [--file messages.csv]... [--priorities priorities.json]
  [--database postgres://...] [--out folder]

  --file        a CSV file with the column text and the columns category, priority or both; repeatable
  --priorities  a JSON file { "category": "priority" }, for messages that do not say their own
  --database    also learn from the messages whose triage the team corrected
  --out         where the model goes; the release's own folder if left out`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      file: { type: 'string', multiple: true, default: [] },
      priorities: { type: 'string' },
      database: { type: 'string' },
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
        safetyRules: SafetyRules.load(join(shipped, 'safety-rules.json')),
      },
      process.stderr,
    );
    console.log(reportOf('Held out, model alone', figures.without));
    console.log(`\n${reportOf('Held out, with safety rules', figures.with)}`);
    for (const [source, figure] of Object.entries(figures.bySource)) {
      console.log(`\n${reportOf(`Held out of ${source}, model alone`, figure.without)}`);
      console.log(`\n${reportOf(`Held out of ${source}, with safety rules`, figure.with)}`);
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
