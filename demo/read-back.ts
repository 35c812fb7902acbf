import { readMessagePage, readProblemDetail } from './answers.js';
import { type CallPorts, callPatiently } from './patient-call.js';

export interface ReadBack {
  /** Distinct messages of this run that the list returned. */
  readonly found: number;
  readonly pages: number;
  readonly seconds: number;
  /** Why the reading ended early; `null` when it did not. */
  readonly problem: string | null;
}

const PAGE = 200;

async function readPage(
  cursor: string | null,
  ports: CallPorts,
  signal: AbortSignal | undefined,
): Promise<{ ids: string[]; nextCursor: string | null } | { problem: string }> {
  const from = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
  const path = `/api/messages?limit=${PAGE}${from}`;
  const result = await callPatiently({ method: 'GET', path }, ports, signal);
  if (result.kind === 'gaveUp') return { problem: result.fault };
  const { status, body } = result.answer;
  if (status !== 200) return { problem: readProblemDetail(status, body) };
  return readMessagePage(body) ?? { problem: 'the answer is no list of messages' };
}

/**
 * Reads the messages back through the API's list, page by page, and counts those of `ids` among them. It
 * stops when all are found, so that an Otklik with years of messages is not read to its end.
 */
export async function readBack(
  ids: ReadonlySet<string>,
  ports: CallPorts,
  signal?: AbortSignal,
): Promise<ReadBack> {
  const started = ports.now();
  const found = new Set<string>();
  let pages = 0;
  let cursor: string | null = null;
  let problem: string | null = null;
  do {
    const page = await readPage(cursor, ports, signal);
    if ('problem' in page) {
      problem = page.problem;
      break;
    }
    for (const id of page.ids) if (ids.has(id)) found.add(id);
    pages += 1;
    cursor = page.nextCursor;
  } while (cursor !== null && found.size < ids.size);
  return { found: found.size, pages, seconds: (ports.now() - started) / 1000, problem };
}
