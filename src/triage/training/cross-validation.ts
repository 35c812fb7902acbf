import { LinearModel, type ModelData, type Reading } from '../linear-model.js';
import { OfflineTriage } from '../offline-triage.js';
import type { SafetyRules } from '../safety/safety-rules.js';
import { MessageTokens } from '../text/message-tokens.js';
import { calibrate, type LabelledReading } from './calibration.js';
import { type Evaluation, evaluate } from './evaluation.js';
import { dealIntoFolds } from './folds.js';
import type { LabelledMessage } from './labelled-message.js';
import {
  type Calibration,
  epochsOf,
  type TrainingRecipe,
  trainModel,
  UNCALIBRATED,
} from './model-trainer.js';

/** Figures of the model alone, and as it is used: with the safety rules. */
export interface BothWays {
  without: Evaluation;
  with: Evaluation;
}

/** Figures on messages of which each was judged by a model that had not seen it. */
export interface CrossValidation extends BothWays {
  folds: number;
  /** The same per source of the messages: a file's name, or "database". */
  bySource: Record<string, BothWays>;
  /** What fits all these models together, and so a model of the same recipe trained on all messages. */
  calibration: Calibration;
}

/** How the messages are dealt out. */
export interface Folding {
  folds: number;
  seed: number;
}

interface Judge {
  bare: OfflineTriage;
  whole: OfflineTriage;
}

/**
 * Deals the messages of each source into folds, trains for each fold a model on the others, and lets it
 * judge the fold. The calibration of a model also comes from other folds than the one it judges.
 *
 * @param onEpoch told after each epoch of each model how many are done.
 */
export function crossValidate(
  sources: ReadonlyMap<string, LabelledMessage[]>,
  recipe: TrainingRecipe,
  { folds, seed }: Folding,
  safetyRules: SafetyRules,
  onEpoch: (done: number) => void,
): CrossValidation {
  const dealt = [...sources.values()].map((messages) => dealIntoFolds(messages, folds, seed));
  const parts = Array.from({ length: folds }, (_, fold) => dealt.flatMap((part) => part[fold] ?? []));
  const models = parts.map((_, fold) => {
    const others = parts.filter((_, other) => other !== fold).flat();
    return trainModel(others, recipe, UNCALIBRATED, (done) => onEpoch(fold * epochsOf(recipe) + done));
  });
  const readings = parts.map((part, fold) => readAll(models[fold] as ModelData, part));
  const judges = new Map<LabelledMessage, Judge>();
  parts.forEach((part, fold) => {
    const calibration = calibrate(readings.filter((_, other) => other !== fold).flat());
    const model = new LinearModel({ ...(models[fold] as ModelData), ...calibration });
    const judge = { bare: new OfflineTriage(model, null), whole: new OfflineTriage(model, safetyRules) };
    for (const message of part) judges.set(message, judge);
  });
  const judgeAll = (list: readonly LabelledMessage[]): BothWays => ({
    without: evaluate((message) => (judges.get(message) as Judge).bare.classify(message.text), list),
    with: evaluate((message) => (judges.get(message) as Judge).whole.classify(message.text), list),
  });
  const filled = [...sources].filter(([, messages]) => messages.length > 0);
  return {
    folds,
    ...judgeAll([...sources.values()].flat()),
    bySource: Object.fromEntries(filled.map(([name, messages]) => [name, judgeAll(messages)])),
    calibration: calibrate(readings.flat()),
  };
}

function readAll(data: ModelData, messages: readonly LabelledMessage[]): LabelledReading[] {
  const model = new LinearModel(data);
  const tokens = new MessageTokens();
  return messages.map((message) => {
    const { classes, probabilities, knownShare, cyrillic } = model.read(tokens.read(message.text));
    const reading: Reading = { classes, probabilities: probabilities.slice(), knownShare, cyrillic };
    return { message, reading };
  });
}
