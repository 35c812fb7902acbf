import type { HealthPart } from './health-part.js';

/** A part that this installation does not have. */
function absent(name: string, message: string): HealthPart {
  return { name, check: () => ({ status: 'not_configured', message }) };
}

/** Parts that Otklik does not have yet: they say so, and make nothing worse. */
export const ABSENT_PARTS: readonly HealthPart[] = [absent('openai', 'OPENAI_API_KEY is not set')];
