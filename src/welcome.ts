import type { Otklik } from './otklik.js';

/** What a person sees once Otklik runs: where it is, the key, and what to try next. */
export function welcome({ url, newAdminApiKey, adminApiKeyFile }: Otklik): string {
  const key = newAdminApiKey ?? (adminApiKeyFile ? `$(cat ${adminApiKeyFile})` : '$ADMIN_API_KEY');
  const shown = newAdminApiKey
    ? `  The administrator's API key, shown only now (kept in ${adminApiKeyFile}):

      ${newAdminApiKey}

`
    : '';
  return `
  Otklik listens at ${url}

${shown}  Send a first message:

      curl -s ${url}/api/messages \\
        -H "Authorization: Bearer ${key}" \\
        -H 'Content-Type: application/json' -H 'Idempotency-Key: first-1' \\
        -d '{"clientId":"shop-42","content":"My card was stolen!"}'

  Explore the API:  ${url}/docs
  How it goes:      ${url}/health
  Many messages:    npm run demo

`;
}
