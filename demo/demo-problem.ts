/** Something the person at the terminal can put right: its message is shown alone, without a stack. */
export class DemoProblem extends Error {
  override readonly name = 'DemoProblem';
}

/**
 * A failure in a few words. It looks at the shape, not the class, for Node's own errors may come from
 * another realm; and Node leaves the message empty when several addresses of one host failed.
 */
export function describeFault(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error);
  const { message, code } = error as { message?: unknown; code?: unknown };
  if (typeof message === 'string' && message !== '') return message;
  return typeof code === 'string' ? code : 'no reason given';
}
