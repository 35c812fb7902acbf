import { MODEL_FILE_NOTICE } from './attribution.js';
import type { Evaluation } from './evaluation.js';
import { confusionTable } from './evaluation-report.js';
import type { Calibration } from './model-trainer.js';
import type { HeldOutFigures } from './train.js';

/** The page that stands beside a model: what it was trained on and how well it does. */
export function modelReadme(
  messagesBySource: Readonly<Record<string, number>>,
  sizes: { bytes: number; features: number },
  calibration: Calibration,
  figures: HeldOutFigures,
): string {
  const sources = Object.entries(messagesBySource).map(([name, count]) => `| ${name} | ${count} |`);
  const rows = Object.entries(figures.bySource).flatMap(([name, one]) => [
    figureRow(`${name}, model alone`, one.without),
    figureRow(`${name}, with safety rules`, one.with),
  ]);
  return `# The triage model

Written by \`npm run triage:train\`; do not edit. ${sizes.features} hashed features, ${sizes.bytes} bytes.

| trained on | messages |
| --- | --- |
${sources.join('\n')}

## Figures
A fifth of every category of every source was held out (the same fifth every time) and judged by a model of
the same recipe that never saw it. The model in this folder is that recipe trained on all messages.

| held out | messages | priority macro-F1 | category accuracy | unknown |
| --- | --- | --- | --- | --- |
${figureRow('all, model alone', figures.without)}
${figureRow('all, with safety rules', figures.with)}
${rows.join('\n')}

Unknown is what got no category because the model found it unlike its training data (certainty below
${calibration.leastCertainty}). Priorities of all held-out messages, with safety rules; rows are what people said:

${confusionTable(figures.with.confusion)}
${messagesBySource['banking77-train.csv'] === undefined ? '' : MODEL_FILE_NOTICE}`;
}

function figureRow(name: string, one: Evaluation): string {
  const accuracy = one.categoryAccuracy === null ? '-' : `${(one.categoryAccuracy * 100).toFixed(2)} %`;
  const unknown = `${(one.unknownRate * 100).toFixed(2)} %`;
  return `| ${name} | ${one.messages} | ${one.priorityMacroF1.toFixed(4)} | ${accuracy} | ${unknown} |`;
}
