import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { encodeModel, type TrainingNotes } from '../model-file.js';
import type { SafetyRules } from '../safety/safety-rules.js';
import { type CrossValidation, crossValidate } from './cross-validation.js';
import { readCsvMessages, readPriorities } from './csv-messages.js';
import { type Queryable, readCorrectedMessages } from './database-messages.js';
import { type LabelledMessage, TrainingInputError } from './labelled-message.js';
import { modelReadme } from './model-readme.js';
import { epochsOf, trainModel } from './model-trainer.js';
import { Progress, type ProgressOutput } from './progress.js';
import { FOLDS_SEED, RECIPE } from './training-recipe.js';

/** What a training is asked to do. */
export interface TrainRequest {
  /** CSV files of labelled messages. */
  files: readonly string[];
  /** JSON file of priorities by category. */
  priorities: string | null;
  /** Where the team's own corrected messages are. */
  database: Queryable | null;
  /** The folder that the model and its figures are written to. */
  out: string;
  safetyRules: SafetyRules;
  /** How many parts the messages are dealt into to judge the recipe. */
  folds: number;
}

export const MODEL_FILE = 'triage-model.bin';

/**
 * Trains on all messages and writes the model, after judging its recipe by cross-validation.
 *
 * @throws TrainingInputError when there is nothing to train on or a label is not usable.
 */
export async function train(request: TrainRequest, output: ProgressOutput): Promise<CrossValidation> {
  const { folds } = request;
  if (!Number.isInteger(folds) || folds < 2) {
    throw new TrainingInputError('A cross-validation needs at least two folds, a whole number of them');
  }
  const sources = await readSources(request);
  const messages = [...sources.values()].flat();
  if (new Set(messages.map(({ category }) => category)).size < 2) {
    throw new TrainingInputError('Training needs messages of at least two categories');
  }
  const epochs = epochsOf(RECIPE);
  const progress = new Progress('Training', (folds + 1) * epochs, output);
  const folding = { folds, seed: FOLDS_SEED };
  const figures = crossValidate(sources, RECIPE, folding, request.safetyRules, (done) =>
    progress.update(done),
  );
  const data = trainModel(messages, RECIPE, figures.calibration, (done) =>
    progress.update(folds * epochs + done),
  );
  const file = encodeModel({ data, notes: notesOf(messages.length, figures) });
  mkdirSync(request.out, { recursive: true });
  writeFileSync(join(request.out, MODEL_FILE), file);
  const sizes = { bytes: file.length, features: data.vocabulary.keys.length };
  const counts = Object.fromEntries([...sources].map(([name, list]) => [name, list.length]));
  writeFileSync(join(request.out, 'README.md'), modelReadme(counts, sizes, figures));
  return figures;
}

async function readSources(request: TrainRequest): Promise<Map<string, LabelledMessage[]>> {
  const priorities = request.priorities === null ? {} : readPriorities(request.priorities);
  const sources = new Map<string, LabelledMessage[]>();
  for (const file of request.files) {
    const known = sources.get(basename(file)) ?? [];
    sources.set(basename(file), known.concat(await readCsvMessages(file, priorities)));
  }
  if (request.database !== null) {
    const corrected: LabelledMessage[] = [];
    for await (const message of readCorrectedMessages(request.database, priorities)) corrected.push(message);
    sources.set('database', corrected);
  }
  return sources;
}

function notesOf(messages: number, { folds, without, ...figures }: CrossValidation): TrainingNotes {
  return {
    messages,
    seed: RECIPE.softmax.seed,
    folds,
    foldsSeed: FOLDS_SEED,
    priorityMacroF1: without.priorityMacroF1,
    priorityMacroF1WithRules: figures.with.priorityMacroF1,
    categoryAccuracy: without.categoryAccuracy ?? 0,
    unknownRate: without.unknownRate,
  };
}
