const MASK = '***';

/** Names under which something secret stands, in JSON (`"apiKey":"…"`) however deep, and in text (`api_key=…`). */
const SECRET_NAMES =
  '(?:proxy-)?authorization|(?:set-)?cookie|key|[a-z0-9_.-]*(?:api[_-]?key|secret|password|passwd|passphrase|token|credentials?|private[_-]?key|encryption[_-]?key|signing[_-]?key|connection[_-]?string|database[_-]?url)(?:[_-]?key)?';

const BY_NAME_IN_JSON = new RegExp(
  `("(?:${SECRET_NAMES})"\\s*:\\s*)("(?:[^"\\\\]|\\\\.)*"|\\[[^\\]]*\\]|-?[\\d.]+)`,
  'gi',
);
const BY_NAME_IN_TEXT =
  /\b((?:api_?key|secret|password|passwd|token|access_token|refresh_token|client_secret)\s*=\s*)[^\s&"'\\,;]+/gi;

/** What gives a secret away wherever it stands. Each keeps what comes before the secret. */
const BY_SHAPE: readonly [pattern: RegExp, replacement: string][] = [
  // Otklik's own keys, webhook secrets, AI services' keys, and keys of the usual cloud services
  [/\b(otk_|whsec_|sk-|sk_live_|sk_test_|ghp_|xox[abprs]-|AKIA|AIza)[A-Za-z0-9+/=_-]{12,}/g, `$1${MASK}`],
  // a Telegram bot's token
  [/\b\d{8,10}:[A-Za-z0-9_-]{35}\b/g, MASK],
  // credentials inside a URL
  [/\b([a-z][a-z0-9+.-]*:\/\/[^\s:/@"\\]*):[^\s@/"\\]+@/gi, `$1:${MASK}@`],
  // authorization headers
  [/\b(Bearer|Basic|Digest)\s+[A-Za-z0-9+/=._~-]{8,}/gi, `$1 ${MASK}`],
  // JSON web tokens
  [/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*/g, MASK],
  // private keys in PEM, also with escaped line ends
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----/g, MASK],
];

/** One cheap look that tells most lines apart from those that may hold a secret. */
const WORTH_A_LOOK =
  /key|secret|passw|passphrase|token|auth|cookie|credential|url|connection|otk_|whsec_|sk-|sk_|ghp_|xox|AKIA|AIza|:\/\/|Bearer|Basic|Digest|eyJ|\d:[A-Za-z0-9_-]{35}/i;

/**
 * Takes every secret out of a line of a log, by the name it stands under and by its shape. It works on the
 * finished line, so nothing that any part of the program or a library logs can go around it.
 */
export function maskSecrets(line: string): string {
  if (!WORTH_A_LOOK.test(line)) return line;
  let masked = line.replace(BY_NAME_IN_JSON, `$1"${MASK}"`).replace(BY_NAME_IN_TEXT, `$1${MASK}`);
  for (const [pattern, replacement] of BY_SHAPE) masked = masked.replace(pattern, replacement);
  return masked;
}
