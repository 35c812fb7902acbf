import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { packageFolder } from './config/package-folder.js';
import type { Otklik } from './otklik.js';

/** What a person sees once Otklik runs: where it is, the key, and what to try next. */
export function welcome({ url, newAdminApiKey, adminApiKeyFile }: Otklik): string {
  const file = adminApiKeyFile && shortest(adminApiKeyFile);
  const key = file ? `$(cat ${file})` : '$ADMIN_API_KEY';
  const shown = newAdminApiKey
    ? `  The administrator's API key, shown only now (kept in ${file}):

      ${newAdminApiKey}

`
    : '';
  // The demo comes with the sources, not with the image.
  const demo = existsSync(join(packageFolder(import.meta.url), 'demo'))
    ? '  Many messages:    npm run demo        (in another terminal)\n'
    : '';
  return `
  Otklik listens at ${url}

${shown}  Send a first message${file ? ' (in another terminal, in this folder)' : ''}:

      curl -s ${url}/api/messages \\
        -H "Authorization: Bearer ${key}" \\
        -H 'Content-Type: application/json' -H 'Idempotency-Key: first-1' \\
        -d '{"clientId":"shop-42","content":"My card was stolen!"}'

  Explore the API:  ${url}/docs
  How it goes:      ${url}/health
${demo}
  Ctrl-C stops it.

`;
}

function shortest(path: string): string {
  const fromHere = relative('', path);
  return fromHere.startsWith('..') ? path : fromHere;
}
