import { errorCode, errorMessage } from '../resilience/error-code.js';

/** Two transactions were in each other's way; one was rolled back whole and can simply be run again. */
const CONFLICTS = new Set(['40001', '40P01']);

/**
 * PostgreSQL is going, gone, coming or full, takes no writing (25006: a replica, or a disk that was nearly full), or
 * cannot read its disk; or the network to it is gone.
 */
const UNAVAILABLE = new Set([
  '25006',
  '53100',
  '53200',
  '58030',
  '57P01',
  '57P02',
  '57P03',
  '53300',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
]);

/**
 * node-postgres has no codes for these; and a connection that is lost between two statements of a transaction,
 * TypeORM releases under its hands, so that the next statement finds it released.
 */
const LOST_CONNECTION =
  /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed|Query read timeout|[Qq]uery runner (?:was )?already released/;

/** The database refused because of a concurrent transaction: nothing was changed, and a retry is due. */
export function isConflict(error: unknown): boolean {
  return CONFLICTS.has(errorCode(error) ?? '');
}

/**
 * The database could not be reached, could not do it, or was lost in the middle: whether the last statement was committed is
 * then unknown.
 */
export function isUnavailable(error: unknown): boolean {
  const code = errorCode(error) ?? '';
  return UNAVAILABLE.has(code) || /^08/.test(code) || LOST_CONNECTION.test(errorMessage(error));
}

/** No connection was free, or came, within `DATABASE_POOL_WAIT`: waiting as long again would help nobody. */
export function isPoolTimeout(error: unknown): boolean {
  return /timeout exceeded when trying to connect|due to connection timeout/.test(errorMessage(error));
}

/** The name of the constraint that a statement violated. */
export function violatedConstraint(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('constraint' in error)) return undefined;
  return typeof error.constraint === 'string' ? error.constraint : undefined;
}

/**
 * Something is wrong with the database or the installation, which no other data would cure: it cannot be reached, is
 * out of disk or memory, only takes reads, or lacks what a statement names (SQLSTATE classes 25, 42, 53, 57P, 58).
 */
export function isSystemFault(error: unknown): boolean {
  return isUnavailable(error) || /^(25|42|53|57P|58)/.test(errorCode(error) ?? '');
}
