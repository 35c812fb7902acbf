import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageFolder } from '../config/package-folder.js';
import { LinearModel } from './linear-model.js';
import { decodeModel } from './model-file.js';
import { verdictOf } from './model-verdict.js';
import { SafetyRules } from './safety/safety-rules.js';
import { MessageTokens } from './text/message-tokens.js';
import type { TriageVerdict } from './triage-verdict.js';

/** How sure triage is of a safety rule: not quite, because people also quote, ask and joke. */
const SAFETY_CONFIDENCE = 0.95;

/** Where the data of the triage lies; what is left out is what the release ships. */
export interface TriageFiles {
  model?: string;
  safetyRules?: string;
}

/**
 * Triage that needs no network and answers in microseconds: a linear model over words and letters, and
 * safety rules that make a message urgent whatever the model thinks.
 */
export class OfflineTriage {
  readonly #tokens = new MessageTokens();

  /** @param safetyRules null judges the model alone; only evaluations want that. */
  constructor(
    private readonly model: LinearModel,
    private readonly safetyRules: SafetyRules | null,
  ) {}

  /**
   * Reads the model and the safety rules, once at the start of the process; takes some tens of milliseconds.
   *
   * @throws ModelFileError when the model is damaged or of another version; Error when a file is missing or
   * a rule cannot be understood.
   */
  static load(files: TriageFiles = {}): OfflineTriage {
    const shipped = join(packageFolder(import.meta.url), 'src', 'triage');
    const model = decodeModel(readFileSync(files.model ?? join(shipped, 'model', 'triage-model.bin')));
    const rules = SafetyRules.load(files.safetyRules ?? join(shipped, 'safety-rules.json'));
    return new OfflineTriage(new LinearModel(model.data), rules);
  }

  /**
   * Decides about one message; never throws. A message unlike anything trained on is `normal`, without a
   * category and with little confidence, unless a safety rule makes it urgent.
   */
  classify(text: string): TriageVerdict {
    const tokens = this.#tokens.read(text);
    const verdict = verdictOf(this.model.read(tokens), this.model.data.leastCertainty);
    const rule = this.safetyRules?.find(tokens) ?? null;
    if (rule === null) return verdict;
    const agrees = verdict.priority === 'urgent' && verdict.category !== null;
    return {
      priority: 'urgent',
      category: agrees ? verdict.category : rule.category,
      confidence: Math.max(SAFETY_CONFIDENCE, agrees ? verdict.confidence : 0),
    };
  }
}
