import type { TriageVerdict } from './triage-verdict.js';

/** Decides how urgent a message is and what it is about. Never touches the network: ingest waits for it. */
export abstract class Triage {
  abstract classify(content: string): TriageVerdict;
}
