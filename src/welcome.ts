import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { packageFolder } from './config/package-folder.js';
import type { Otklik } from './otklik.js';

/** What a person sees once Otklik runs: where it is, what it is, the key, and what to try next. */
export function welcome(otklik: Otklik): string {
  const { url, roles } = otklik;
  const file = otklik.adminApiKeyFile && shortest(otklik.adminApiKeyFile);
  const next = roles.includes('api')
    ? whatToTry(url, file, roles.includes('worker'))
    : `  This process is a worker (ROLES=worker): it does the background work. Requests go to
  processes with the role api; this one serves ${url}/health and /metrics alone.
`;
  return `
  Otklik listens at ${url}

${keyShownOnce(otklik.newAdminApiKey, file)}${next}
  Ctrl-C stops it.

`;
}

function keyShownOnce(key: string | undefined, file: string | undefined): string {
  if (key === undefined) return '';
  return `  The administrator's API key, shown only now (kept in ${file}):

      ${key}

`;
}

function whatToTry(url: string, file: string | undefined, isWorker: boolean): string {
  const key = file ? `$(cat ${file})` : '$ADMIN_API_KEY';
  // The demo comes with the sources, not with the image.
  const demo = existsSync(join(packageFolder(import.meta.url), 'demo'))
    ? '  Many messages:    npm run demo        (in another terminal)\n'
    : '';
  const alone = isWorker
    ? ''
    : `
  This process answers requests alone (ROLES=api): reminders and webhooks are sent by
  processes with the role worker.
`;
  return `  Send a first message${file ? ' (in another terminal, in this folder)' : ''}:

      curl -s ${url}/api/messages \\
        -H "Authorization: Bearer ${key}" \\
        -H 'Content-Type: application/json' -H 'Idempotency-Key: first-1' \\
        -d '{"clientId":"shop-42","content":"My card was stolen!"}'

  Explore the API:  ${url}/docs
  How it goes:      ${url}/health
${demo}${alone}`;
}

function shortest(path: string): string {
  const fromHere = relative('', path);
  return fromHere.startsWith('..') ? path : fromHere;
}
