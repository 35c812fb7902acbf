import { readFileSync } from 'node:fs';
import { LinearModel } from '../linear-model.js';
import { decodeModel } from '../model-file.js';
import { OfflineTriage } from '../offline-triage.js';
import { SafetyRules } from '../safety/safety-rules.js';
import { type CsvColumns, readCsvMessages, readPriorities } from './csv-messages.js';
import { evaluate } from './evaluation.js';
import { reportOf } from './evaluation-report.js';
import type { LabelledMessage } from './labelled-message.js';
import { Progress, type ProgressOutput } from './progress.js';

/** What an evaluation is asked to do. */
export interface EvaluateRequest {
  file: string;
  priorities: string | null;
  columns: CsvColumns;
  model: string;
  safetyRules: string;
}

/**
 * Judges a model on the messages of a CSV file: with the safety rules, without them, and per language where
 * the file names more than one.
 *
 * @returns the report, for a terminal.
 * @throws TrainingInputError when the file is not usable; ModelFileError when the model is not.
 */
export async function evaluateFile(request: EvaluateRequest, output: ProgressOutput): Promise<string> {
  const priorities = request.priorities === null ? {} : readPriorities(request.priorities);
  const messages = await readCsvMessages(request.file, priorities, request.columns);
  const model = new LinearModel(decodeModel(readFileSync(request.model)).data);
  const whole = new OfflineTriage(model, SafetyRules.load(request.safetyRules));
  const progress = new Progress('Evaluating', messages.length * 2, output);
  const judge = (triage: OfflineTriage, list: LabelledMessage[], before: number) =>
    evaluate(
      ({ text }) => triage.classify(text),
      list,
      (done) => progress.update(before + done),
    );
  const sections = [
    reportOf('With safety rules', judge(whole, messages, 0)),
    reportOf('Model alone', judge(new OfflineTriage(model, null), messages, messages.length)),
  ];
  for (const [language, list] of byLanguage(messages)) {
    sections.push(
      reportOf(
        `Language ${language}, with safety rules`,
        evaluate(({ text }) => whole.classify(text), list),
      ),
    );
  }
  return sections.join('\n\n');
}

function byLanguage(messages: readonly LabelledMessage[]): Map<string, LabelledMessage[]> {
  const languages = new Map<string, LabelledMessage[]>();
  for (const message of messages) {
    if (message.language === null) continue;
    const list = languages.get(message.language) ?? [];
    languages.set(message.language, list);
    list.push(message);
  }
  return languages.size > 1 ? languages : new Map();
}
