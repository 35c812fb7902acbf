import type { Cleanup } from '../cleanup.js';
import { type Figures, measureLoad, type Traffic } from '../load.js';
import type { Filled } from '../stored/fill.js';
import { checkPages, isPageKind, type PageKind, pagePaths } from '../stored/pages.js';
import { type Contender, countMessages, type Task } from './contender.js';

interface HttpServer {
  readonly url: string;
  readonly databaseUrl: string;
  readonly apiKey?: string;
  readonly filled?: Filled;
  /** Messages a second that the load process is ready for at many connections. */
  readonly expectedRate: number;
}

/** What one connection can be expected to reach at most, whoever answers. */
const MOST_ALONE = 6000;
const MOST_PAGES = 4000;

/** A contender that is a web server. */
export function overHttp(server: HttpServer, cleanup: Cleanup): Contender {
  const { url, databaseUrl, filled } = server;
  // Everybody gets a key of the same length, so that everybody reads the same bytes.
  const apiKey = server.apiKey ?? 'x'.repeat(43);

  const readPages = async (kind: PageKind): Promise<Traffic> => {
    if (!filled) throw new Error('There is nothing to read in a database that was not filled.');
    const paths = await pagePaths(kind, databaseUrl, filled.messages);
    await checkPages(paths, url, apiKey);
    return { kind: 'pages', paths };
  };

  return {
    filled,
    measure: async ({ workload, ...times }: Task): Promise<Figures> => {
      const isReading = isPageKind(workload);
      const traffic: Traffic = isReading ? await readPages(workload) : { kind: 'messages', workload };
      const most = isReading ? MOST_PAGES : server.expectedRate;
      const expectedRate = times.connections === 1 ? Math.min(MOST_ALONE, most) : most;
      const headers = { authorization: `Bearer ${apiKey}` };
      return measureLoad({ url, headers, traffic, expectedRate, ...times }, cleanup);
    },
    countMessages: () => countMessages(databaseUrl),
  };
}
