import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { packageFolder } from '../../config/package-folder.js';
import { ModelFileError } from '../model-file.js';
import { USUAL_COLUMNS } from './csv-messages.js';
import { evaluateFile } from './evaluate.js';
import { TrainingInputError } from './labelled-message.js';
import { MODEL_FILE } from './train.js';

const USAGE = `npm run triage:evaluate -- --file messages.csv [--priorities priorities.json] [--model file]
  [--text text] [--category category] [--priority priority] [--language language]

  --file        a CSV file with a column of texts and one of categories, of priorities or both
  --priorities  a JSON file { "category": "priority" }, for messages that do not say their own
  --model       the model to judge; the release's own if left out
  the others    what the columns are called`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      file: { type: 'string' },
      priorities: { type: 'string' },
      model: { type: 'string' },
      text: { type: 'string', default: USUAL_COLUMNS.text },
      category: { type: 'string', default: USUAL_COLUMNS.category },
      priority: { type: 'string', default: USUAL_COLUMNS.priority },
      language: { type: 'string', default: USUAL_COLUMNS.language },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help || values.file === undefined) {
    console.log(USAGE);
    return;
  }
  const shipped = join(packageFolder(import.meta.url), 'src', 'triage');
  const { text, category, priority, language } = values;
  const report = await evaluateFile(
    {
      file: values.file,
      priorities: values.priorities ?? null,
      columns: { text, category, priority, language },
      model: values.model ?? join(shipped, 'model', MODEL_FILE),
      safetyRules: join(shipped, 'safety-rules.json'),
    },
    process.stderr,
  );
  console.log(report);
}

main().catch((error: unknown) => {
  const expected = error instanceof TrainingInputError || error instanceof ModelFileError;
  console.error(expected ? error.message : error);
  process.exitCode = 1;
});
