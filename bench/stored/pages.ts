import { queryOnce } from '../database-server.js';
import { MESSAGES_PER_REGULAR, shapeOf } from './shape.js';

/** A page that is read: a client's history after a known message, or the head of the escalation queue. */
export type PageKind = 'history' | 'queue';

export function isPageKind(text: string): text is PageKind {
  return text === 'history' || text === 'queue';
}

const PAGE = 50;
/** More than are read twice in a few seconds: most are not in the memory of the database. */
const PATHS = 5000;
const CHECKED = 20;

/** Paths of pages that a filled database can fill, chosen at random. */
export async function pagePaths(
  kind: PageKind,
  databaseUrl: string,
  messages: number,
): Promise<readonly string[]> {
  if (kind === 'queue') return [`/api/escalations?status=waiting&limit=${PAGE}`];
  // Of a regular client's messages, one that has a full page of newer ones.
  const rows = await queryOnce<{ client: string; after: string }>(
    databaseUrl,
    `select client, known.id as after
       from (select 'shop-' || 1 + floor(random() * ${shapeOf(messages).regulars})::integer as client,
                    pick % ${MESSAGES_PER_REGULAR - PAGE} as position
               from generate_series(1, ${PATHS}) pick
             offset 0) picked,
            lateral (select id from messages
                      where client_id = client order by created_at, id offset position limit 1) known`,
  );
  return rows.map(({ client, after }) => `/api/messages?clientId=${client}&after=${after}&limit=${PAGE}`);
}

/** @throws when some page is not full: it would be a smaller task than in another database */
export async function checkPages(paths: readonly string[], url: string, apiKey: string): Promise<void> {
  if (paths.length === 0) throw new Error('There is no page to read.');
  const step = Math.ceil(paths.length / CHECKED);
  for (const path of paths.filter((_, index) => index % step === 0)) {
    const response = await fetch(new URL(path, url), { headers: { authorization: `Bearer ${apiKey}` } });
    const body = await response.text();
    if (response.status !== 200) throw new Error(`${path} was answered with ${response.status}: ${body}`);
    const { data } = JSON.parse(body) as { data: unknown[] };
    if (data.length !== PAGE) throw new Error(`${path} has ${data.length} entries instead of ${PAGE}.`);
  }
}
