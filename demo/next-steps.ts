import { paint, type Terminal } from './terminal-text.js';

/** `kept`: the demo's own, still running; `gone`: the demo's own, stopped now; `theirs`: the one at --url. */
export type Afterwards =
  | { readonly kind: 'kept'; readonly url: string; readonly key: string }
  | { readonly kind: 'theirs'; readonly url: string }
  | { readonly kind: 'gone' };

/** A word for a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

const URGENT = '/api/conversations?priority=urgent';

/** What to open next. The key of an Otklik that is not ours stays out of terminals and build logs. */
export function renderNextSteps(afterwards: Afterwards, terminal: Terminal): string {
  if (afterwards.kind === 'gone') {
    return [
      paint(terminal, 'bold', 'What to open next'),
      '  This Otklik was a temporary one. To look around in it: npm run demo -- --keep',
      `  then Swagger UI at /docs, and GET ${URGENT}`,
    ].join('\n');
  }
  const { url } = afterwards;
  const authorization =
    afterwards.kind === 'kept'
      ? quoted(`Authorization: Bearer ${afterwards.key}`)
      : '"Authorization: Bearer $OTKLIK_KEY"';
  return [
    paint(terminal, 'bold', 'What to open next'),
    `  Swagger UI          ${url}/docs`,
    `  urgent, waiting     GET ${url}${URGENT}`,
    `  in a shell          curl -s -H ${authorization} ${quoted(`${url}${URGENT}&limit=5`)}`,
    afterwards.kind === 'kept'
      ? `  administrator's key ${afterwards.key}`
      : '                      (with OTKLIK_KEY set to the key that you gave)',
  ].join('\n');
}
