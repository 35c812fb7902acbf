import type { IncomingHttpHeaders } from 'node:http';
import type { InputFault } from '../errors/domain-error.js';

/**
 * Refuses what looks like an attack where no honest value looks like one. It is a second line: statements only
 * ever take parameters, answers are JSON, and no path is made from input, so nothing depends on it.
 *
 * | what | screened | why |
 * | --- | --- | --- |
 * | the path, decoded | yes, for traversal | identifiers have no dots and slashes |
 * | query parameters | yes, names and values | identifiers, enumerations, times and numbers |
 * | headers of no fixed form | yes | identifiers and names |
 * | headers with a grammar of their own | no | parsed strictly where they are used; honest ones have `;`, `"`, `*` |
 * | idempotency keys | no | any printable ASCII is allowed by the contract; hashed and compared, never interpreted |
 * | bodies | no | message content may say anything; it is a parameter, and sent out as JSON |
 */
export function screenRequest(url: string, headers: IncomingHttpHeaders): InputFault | undefined {
  return screenUrl(url) ?? screenHeaders(headers);
}

const OWN_GRAMMAR = new Set([
  'accept',
  'accept-charset',
  'accept-encoding',
  'accept-language',
  'authorization',
  'content-disposition',
  'content-type',
  'cookie',
  'forwarded',
  'idempotency-key',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'prefer',
  'proxy-authorization',
  'referer',
  'sec-ch-ua',
  'sec-ch-ua-platform',
  'tracestate',
  'x-hub-signature-256',
  'x-idempotency-key',
]);

/** Most values are plain words; only those with a character that an attack needs are looked at closely. */
const SUSPICIOUS = /[<>'"`;()\\%]|\.\.|--|\/\*|\bor\b|\bunion\b|javascript:|data:|\0/i;

const ATTACKS: readonly [pattern: RegExp, what: string][] = [
  [/(?:^|[/\\])\.\.(?:[/\\]|$)|%2e%2e(?:%2f|%5c|[/\\])|\0|%00/i, 'path traversal'],
  [
    /<\s*\/?\s*(?:script|iframe|object|embed|svg|img|link|meta|body|style|form|base)\b|javascript\s*:|data\s*:\s*text\/html|\bon[a-z]{3,20}\s*=/i,
    'script injection',
  ],
  [
    /\bunion\b\s+(?:all\s+)?select\b|['"`]\s*(?:or|and)\b.{0,40}(?:=|\blike\b|\bis\b)|\b(?:or|and)\b\s+\d+\s*=\s*\d+|;\s*(?:drop|delete|insert|update|alter|create|truncate|exec|execute|grant)\b|['"`]\s*(?:--|#|\/\*)|['`]\s*;|\b(?:pg_sleep|waitfor\s+delay|benchmark|xp_cmdshell|information_schema)\b|\/\*.*\*\//i,
    'SQL injection',
  ],
];

function screenUrl(url: string): InputFault | undefined {
  const mark = url.indexOf('?');
  const path = mark === -1 ? url : url.slice(0, mark);
  if (path.includes('%') || path.includes('..')) {
    const decoded = decode(path);
    if (ATTACKS[0]?.[0].test(decoded) || ATTACKS[0]?.[0].test(path)) {
      return { path: 'path', message: 'looks like path traversal' };
    }
  }
  if (mark === -1) return undefined;
  for (const [name, value] of new URLSearchParams(url.slice(mark + 1))) {
    const attack = attackIn(name) ?? attackIn(value);
    if (attack) return { path: name.slice(0, 64), message: `looks like ${attack}` };
  }
  return undefined;
}

function screenHeaders(headers: IncomingHttpHeaders): InputFault | undefined {
  for (const name in headers) {
    if (OWN_GRAMMAR.has(name)) continue;
    const value = headers[name];
    const attack = attackIn(typeof value === 'string' ? value : String(value));
    if (attack) return { path: name, message: `looks like ${attack}` };
  }
  return undefined;
}

function attackIn(text: string): string | undefined {
  if (!SUSPICIOUS.test(text)) return undefined;
  const decoded = text.includes('%') ? decode(text) : text;
  return ATTACKS.find(([pattern]) => pattern.test(text) || pattern.test(decoded))?.[1];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Not percent-encoded text: it is judged as it stands.
    return text;
  }
}
