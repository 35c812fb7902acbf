import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { LinearModel } from '../linear-model.js';
import { encodeModel, type TrainingNotes } from '../model-file.js';
import { OfflineTriage } from '../offline-triage.js';
import type { SafetyRules } from '../safety/safety-rules.js';
import { calibrate } from './calibration.js';
import { readCsvMessages, readPriorities } from './csv-messages.js';
import { type Queryable, readCorrectedMessages } from './database-messages.js';
import { type Evaluation, evaluate } from './evaluation.js';
import { holdOut } from './hold-out.js';
import { type LabelledMessage, TrainingInputError } from './labelled-message.js';
import { modelReadme } from './model-readme.js';
import { trainModel, UNCALIBRATED } from './model-trainer.js';
import { Progress, type ProgressOutput } from './progress.js';
import { HELD_OUT_SHARE, RECIPE, SPLIT_SEED } from './training-recipe.js';

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
}

/** Figures of the model alone, and as it is used: with the safety rules. */
export interface BothWays {
  without: Evaluation;
  with: Evaluation;
}

/** Figures on the messages that were held out. */
export interface HeldOutFigures extends BothWays {
  /** The same per source of the messages: a file's name, or "database". */
  bySource: Record<string, BothWays>;
}

export const MODEL_FILE = 'triage-model.bin';

/**
 * Trains twice: once without a fifth of the messages, which then judge and calibrate the recipe, and once
 * with all, which is what is written.
 *
 * @throws TrainingInputError when there is nothing to train on or a label is not usable.
 */
export async function train(request: TrainRequest, output: ProgressOutput): Promise<HeldOutFigures> {
  const sources = await readSources(request);
  const messages = [...sources.values()].flat();
  if (new Set(messages.map(({ category }) => category)).size < 2) {
    throw new TrainingInputError('Training needs messages of at least two categories');
  }
  const splits = new Map(
    [...sources].map(([name, list]) => [name, holdOut(list, HELD_OUT_SHARE, SPLIT_SEED)]),
  );
  const kept = [...splits.values()].flatMap((split) => split.train);
  const heldOut = [...splits.values()].flatMap((split) => split.heldOut);

  const progress = new Progress('Training', 2 * RECIPE.trainer.epochs, output);
  const judged = trainModel(kept, RECIPE, UNCALIBRATED, (done) => progress.update(done));
  const calibration = calibrate(judged, heldOut);
  const judgedModel = new LinearModel({ ...judged, ...calibration });
  const bare = new OfflineTriage(judgedModel, null);
  const whole = new OfflineTriage(judgedModel, request.safetyRules);
  const judge = (list: LabelledMessage[]): BothWays => ({
    without: evaluate(bare, list, () => undefined),
    with: evaluate(whole, list, () => undefined),
  });
  const judgedSources = [...splits].filter(([, split]) => split.heldOut.length > 0);
  const figures: HeldOutFigures = {
    ...judge(heldOut),
    bySource: Object.fromEntries(judgedSources.map(([name, split]) => [name, judge(split.heldOut)])),
  };

  const data = trainModel(messages, RECIPE, calibration, (done) =>
    progress.update(RECIPE.trainer.epochs + done),
  );
  const file = encodeModel({ data, notes: notesOf(messages.length, kept.length, figures) });
  mkdirSync(request.out, { recursive: true });
  writeFileSync(join(request.out, MODEL_FILE), file);
  const sizes = { bytes: file.length, features: data.vocabulary.keys.length };
  const counts = Object.fromEntries([...sources].map(([name, list]) => [name, list.length]));
  writeFileSync(join(request.out, 'README.md'), modelReadme(counts, sizes, calibration, figures));
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

function notesOf(messages: number, kept: number, figures: HeldOutFigures): TrainingNotes {
  const { without } = figures;
  return {
    messages,
    seed: RECIPE.trainer.seed,
    splitSeed: SPLIT_SEED,
    judgedOn: messages - kept,
    heldOutPriorityMacroF1: without.priorityMacroF1,
    heldOutPriorityMacroF1WithRules: figures.with.priorityMacroF1,
    heldOutCategoryAccuracy: without.categoryAccuracy ?? 0,
    heldOutUnknownRate: without.unknownRate,
  };
}
