import { randomBytes } from 'node:crypto';
import { ApiClient } from './support/api-client.js';
import { eventually } from './support/eventually.js';
import { OtklikProcess } from './support/otklik-process.js';
import { TestDatabase } from './support/test-database.js';
import { TraceReceiver } from './support/trace-receiver.js';
import { WebhookReceiver } from './support/webhook-receiver.js';

const SERVER = 2;
const CLIENT = 3;
const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';

describe('traces', () => {
  let database: TestDatabase;
  let collector: TraceReceiver;
  let receiver: WebhookReceiver;
  let otklik: OtklikProcess;
  let api: ApiClient;
  beforeAll(async () => {
    [database, collector, receiver] = await Promise.all([
      TestDatabase.create(),
      TraceReceiver.start(),
      WebhookReceiver.start(),
    ]);
    otklik = await OtklikProcess.start({
      env: {
        DATABASE_URL: database.url,
        SECRET_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
        WEBHOOK_ALLOW_HTTP: 'true',
        WEBHOOK_ALLOWED_CIDRS: '127.0.0.0/8',
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
        OTEL_BSP_SCHEDULE_DELAY: '50',
      },
    });
    api = new ApiClient(otklik.url, otklik.apiKey);
  });
  afterAll(async () => {
    api?.close();
    await otklik?.stop();
    await receiver.close();
    await collector.close();
    await database.drop();
  });

  it.each([
    ['of its own', {}],
    ["of the caller's", { traceparent: `00-${TRACE_ID}-00f067aa0ba902b7-01` }],
  ])('tell of a message from its request to the webhook, in one trace %s', async (_, headers) => {
    const path = `/${randomBytes(4).toString('hex')}`;
    const { body: webhook } = await api.post<{ id: string }>('/api/webhooks', {
      url: receiver.url(path),
      eventTypes: ['message.received'],
    });
    const answer = await api.post(
      '/api/messages',
      { clientId: path.slice(1), content: 'Where is my parcel?' },
      headers,
    );
    expect(answer.status).toBe(201);
    const traceId = answer.headers['x-request-id'];
    if ('traceparent' in headers) expect(traceId).toBe(TRACE_ID);
    const [request] = await receiver.received(1, path);
    const [, sentTraceId, sentSpanId] = request?.headers.traceparent?.toString().split('-') ?? [];
    expect(sentTraceId).toBe(traceId);
    const ofTrace = () => collector.spans.filter((span) => span.traceId === traceId);
    const attempt = await eventually(() => ofTrace().find(({ spanId }) => spanId === sentSpanId));
    expect(attempt).toMatchObject({ name: 'webhook attempt', kind: CLIENT });
    const incoming = await eventually(() => ofTrace().find(({ kind }) => kind === SERVER));
    if ('traceparent' in headers) expect(incoming?.parentSpanId).toBe('00f067aa0ba902b7');
    // The transaction that stored it.
    const statement = await eventually(() => ofTrace().find(({ name }) => name.startsWith('pg.query')));
    expect(statement?.parentSpanId).toBeDefined();
    await api.delete(`/api/webhooks/${webhook.id}`);
  });
});
