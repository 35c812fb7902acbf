import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

export const ROUTING_KEY = 'R0D8K3Y5Q7W2E4T6U8I0O1P3A5S7D9F2';

interface SlackBody {
  readonly text?: unknown;
  readonly blocks?: readonly { readonly type?: unknown; readonly text?: { readonly text?: unknown } }[];
}

interface PagerDutyBody {
  readonly routing_key?: unknown;
  readonly event_action?: unknown;
  readonly dedup_key?: unknown;
  readonly payload?: { readonly summary?: unknown; readonly source?: unknown; readonly severity?: unknown };
}

/** What a service does instead of taking what it is sent. */
export type Failure = { readonly status: number; readonly retryAfter?: string } | 'hang';

/** Slack and PagerDuty on loopback: they take what the real ones take, and answer as those do. */
export class AlertReceiver {
  /** What they took. */
  readonly slack: SlackBody[] = [];
  readonly pagerDuty: PagerDutyBody[] = [];
  /** All requests, those included that failed. */
  requests = 0;
  private failures: Failure[] = [];

  private constructor(
    private readonly server: Server,
    private readonly url: string,
  ) {}

  static async start(): Promise<AlertReceiver> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('An HTTP server has a port.');
    const receiver = new AlertReceiver(server, `http://127.0.0.1:${address.port}`);
    server.on('request', (request, response) => void receiver.take(request, response));
    return receiver;
  }

  get env() {
    return {
      SLACK_WEBHOOK_URL: `${this.url}/services/T0/B0/secret`,
      PAGERDUTY_ROUTING_KEY: ROUTING_KEY,
      PAGERDUTY_URL: `${this.url}/v2/enqueue`,
    };
  }

  /** The next requests, whoever they are to, end so. */
  fail(...failures: readonly Failure[]): void {
    this.failures.push(...failures);
  }

  async stop(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body: unknown = JSON.parse(Buffer.concat(await request.toArray()).toString('utf8'));
    this.requests++;
    const failure = this.failures.shift();
    if (failure === 'hang') return;
    if (failure) {
      response.writeHead(failure.status, {
        ...(failure.retryAfter && { 'retry-after': failure.retryAfter }),
      });
      response.end('not now');
    } else if (request.method !== 'POST' || request.headers['content-type'] !== 'application/json') {
      response.writeHead(400).end('invalid_payload');
    } else if (request.url?.startsWith('/services/')) {
      this.takeSlack(body as SlackBody, response);
    } else {
      this.takePagerDuty(body as PagerDutyBody, response);
    }
  }

  private takeSlack(body: SlackBody, response: ServerResponse): void {
    const hasText = typeof body.text === 'string' && body.text !== '';
    const hasBlocks = body.blocks?.every(({ type }) => type === 'section' || type === 'context') ?? true;
    if (!hasText || !hasBlocks) {
      response.writeHead(400).end(hasText ? 'invalid_blocks' : 'no_text');
      return;
    }
    this.slack.push(body);
    response.writeHead(200).end('ok');
  }

  private takePagerDuty(body: PagerDutyBody, response: ServerResponse): void {
    const { routing_key: key, event_action: action, dedup_key: dedupKey, payload } = body;
    const errors = [
      ...(key === ROUTING_KEY ? [] : ["'routing_key' is invalid"]),
      ...(['trigger', 'acknowledge', 'resolve'].includes(String(action))
        ? []
        : ["'event_action' is invalid"]),
      ...(action === 'trigger' ? faultsOfPayload(payload) : []),
      ...(typeof dedupKey === 'string' && dedupKey.length <= 255 ? [] : ["'dedup_key' is invalid"]),
    ];
    const answer = (status: number, json: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json));
    if (errors.length > 0) {
      answer(400, { status: 'invalid event', message: 'Event object is invalid', errors });
      return;
    }
    this.pagerDuty.push(body);
    answer(202, { status: 'success', message: 'Event processed', dedup_key: dedupKey });
  }
}

function faultsOfPayload(payload: PagerDutyBody['payload']): string[] {
  const { summary, source, severity } = payload ?? {};
  return [
    ...(typeof summary === 'string' && summary.length <= 1024 ? [] : ["'payload.summary' is invalid"]),
    ...(typeof source === 'string' ? [] : ["'payload.source' is missing"]),
    ...(['critical', 'error', 'warning', 'info'].includes(String(severity))
      ? []
      : ["'payload.severity' is invalid"]),
  ];
}
