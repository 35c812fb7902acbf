import type { Routine } from './database/routines.js';
import { INGEST_ROUTINE } from './messages/ingest.repository.js';

/** Every function that runs inside PostgreSQL. */
export const ROUTINES: readonly Routine[] = [INGEST_ROUTINE];
