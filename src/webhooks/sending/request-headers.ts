/** What stands where a value is nobody's business. */
export const MASK = '***';

/** Headers of the request itself, of the connection, and those that say who sent what: not the customer's. */
const RESERVED =
  /^(?:host|content-.*|webhook-.*|connection|proxy-connection|keep-alive|transfer-encoding|te|trailer|upgrade|expect|traceparent)$/i;

const SECRET = /^(?:webhook-signature|(?:set-)?cookie|x-api-key)$|token|secret|key|password|auth/i;

/** How servers say which login they want; no secret, but often the explanation of a 401. */
const CHALLENGE = /^(?:www|proxy)-authenticate$/i;

/** Whether a header is Otklik's own, so that a customer's header of this name is never sent. */
export function isReservedHeader(name: string): boolean {
  return RESERVED.test(name);
}

/** What may be kept and shown of a header. */
export function maskHeader(name: string, value: string): string {
  return SECRET.test(name) && !CHALLENGE.test(name) ? MASK : value;
}

/** What may be kept and shown of an answer's headers. */
export function maskHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string | string[]> {
  const masked: Record<string, string | string[]> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined) continue;
    masked[name] = Array.isArray(value)
      ? value.map((item) => maskHeader(name, item))
      : maskHeader(name, value);
  }
  return masked;
}
