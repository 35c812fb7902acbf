import type { Request } from 'autocannon';
import type { LoadJob, Traffic } from './load.js';
import { randomMessageRequest } from './message-request.js';

/** What the server says to a request that it has carried out. */
export const STATUS_OF: Readonly<Record<Traffic['kind'], number>> = { messages: 201, pages: 200 };

/** Makes requests, each at random. */
export function makerOf({ traffic, headers }: LoadJob): () => Request {
  if (traffic.kind === 'pages') {
    const { paths } = traffic;
    return () => ({ method: 'GET', path: paths[Math.floor(Math.random() * paths.length)] ?? '/', headers });
  }
  const { workload } = traffic;
  return () => {
    const { key, body } = randomMessageRequest(workload);
    return {
      method: 'POST',
      path: '/api/messages',
      body,
      headers: { ...headers, 'content-type': 'application/json', 'idempotency-key': key },
    };
  };
}
