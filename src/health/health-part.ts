import type { HealthCheck } from './health.schemas.js';

/** Something that can be well or not. */
export interface HealthPart {
  /** As it stands in the answer. */
  readonly name: string;
  check(): HealthCheck | Promise<HealthCheck>;
}
