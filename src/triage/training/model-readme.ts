import { MODEL_FILE_NOTICE } from './attribution.js';
import type { CrossValidation } from './cross-validation.js';
import type { Evaluation } from './evaluation.js';
import { confusionTable } from './evaluation-report.js';

/** The page that stands beside a model: what it was trained on and how well it does. */
export function modelReadme(
  messagesBySource: Readonly<Record<string, number>>,
  sizes: { bytes: number; features: number },
  figures: CrossValidation,
): string {
  const sources = Object.entries(messagesBySource).map(([name, count]) => `| ${name} | ${count} |`);
  const judged = Object.entries({ 'all together': figures, ...figures.bySource });
  const rows = judged.flatMap(([name, one]) => [
    figureRow(`${name}, model alone`, one.without),
    figureRow(`${name}, with safety rules`, one.with),
  ]);
  const tables = judged.map(
    ([name, one]) => `### ${name}, with safety rules\n${confusionTable(one.with.confusion)}\n`,
  );
  const { latin, cyrillic } = figures.calibration.leastCertainty;
  return `# The triage model

Written by \`npm run triage:train\`; do not edit. ${sizes.features} hashed features, ${sizes.bytes} bytes.

| trained on | messages |
| --- | --- |
${sources.join('\n')}

## Figures
Cross-validation: the messages of each source were dealt into ${figures.folds} parts of the same mixture of categories,
always the same way, and each part was judged by a model of the same recipe trained on the other ${figures.folds - 1}. So
every message was judged once, by a model that had not seen it, nor been calibrated on it. The model in this
folder is that recipe trained on all messages. Its settings were chosen by cross-validation of BANKING77,
mostly dealt out in other ways: the figures for those messages may flatter it a little.

| judged | messages | priority macro-F1 | category accuracy | unknown |
| --- | --- | --- | --- | --- |
${rows.join('\n')}

Unknown is what got no category because the model found it unlike its training data: a certainty below
${latin}, of messages mostly in Cyrillic below ${cyrillic}. It counts as a wrong category, but where people had named
none.

## Priorities
Rows are what people said, columns what triage said.

${tables.join('\n')}${messagesBySource['banking77-train.csv'] === undefined ? '' : MODEL_FILE_NOTICE}`;
}

function figureRow(name: string, one: Evaluation): string {
  const accuracy = one.categoryAccuracy === null ? '-' : `${(one.categoryAccuracy * 100).toFixed(2)} %`;
  const unknown = `${(one.unknownRate * 100).toFixed(2)} %`;
  return `| ${name} | ${one.messages} | ${one.priorityMacroF1.toFixed(4)} | ${accuracy} | ${unknown} |`;
}
