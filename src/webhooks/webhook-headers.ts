import { z } from 'zod';
import { isReservedHeader, MASK, maskHeader } from './sending/request-headers.js';

const MOST = 20;
const LONGEST_NAME = 128;
const LONGEST_VALUE = 1024;

/** RFC 9110, 5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const PRINTABLE = /^[!-~](?:[ -~]*[!-~])?$/;

/** Why a name is not the customer's; any other reserved one belongs to the connection. */
const REASONS: readonly [name: RegExp, why: string][] = [
  [/^host$/i, 'comes from the URL'],
  [/^content-/i, 'describes the body, which is always JSON'],
  [/^webhook-/i, 'belongs to the signature'],
  [/^traceparent$/i, 'names the trace of the event'],
];

/** Headers that a customer wants with each request. */
export const headersSchema = z
  .record(z.string(), z.string())
  .superRefine((headers, context) => {
    const entries = Object.entries(headers);
    if (entries.length > MOST) {
      context.addIssue({ code: 'custom', message: `must have at most ${MOST} headers` });
    }
    const earlier = new Set<string>();
    for (const [name, value] of entries) {
      const message = faultOfName(name, earlier) ?? faultOfValue(value);
      if (message !== undefined) context.addIssue({ code: 'custom', path: [name], message });
      earlier.add(name.toLowerCase());
    }
  })
  .meta({
    description:
      `sent with each request, at most ${MOST}; never host, content-*, webhook-*, traceparent, or what belongs to the ` +
      'connection',
  });

/** Headers as they are shown: values that look like secrets are masked. */
export function shownHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, maskHeader(name, value)]));
}

function faultOfName(name: string, earlier: ReadonlySet<string>): string | undefined {
  if (!TOKEN.test(name) || name.length > LONGEST_NAME) {
    return `must be the name of an HTTP header: 1 to ${LONGEST_NAME} letters, digits and any of !#$%&'*+-.^_\`|~`;
  }
  if (isReservedHeader(name)) {
    const reason = REASONS.find(([pattern]) => pattern.test(name))?.[1];
    return `must not be set: it ${reason ?? 'belongs to the connection'}`;
  }
  return earlier.has(name.toLowerCase()) ? 'is there twice: upper and lower case are the same' : undefined;
}

function faultOfValue(value: string): string | undefined {
  if (value === MASK) return `is ${MASK}, which answers show instead of a secret; send the value itself`;
  return PRINTABLE.test(value) && value.length <= LONGEST_VALUE
    ? undefined
    : `must be 1 to ${LONGEST_VALUE} printable ASCII characters, without a space at either end`;
}
