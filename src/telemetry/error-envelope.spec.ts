import { envelopeOf } from './error-envelope.js';

describe('an error as an envelope', () => {
  it('has the innermost call last, and says which calls are ours', () => {
    const error = new Error('broken');
    error.stack = `Error: broken
    at inner (file:///app/dist/src/inner.js:3:7)
    at Client.query (/app/node_modules/pg/lib/client.js:10:2)
    at node:internal/process/task_queues:103:5`;
    const circumstances = { dsn: 'https://key@sentry.example/1', now: 0, environment: 'spec' };
    const [, , payload = ''] = envelopeOf({ error, transaction: 'spec' }, circumstances).split('\n');
    const [{ stacktrace }] = JSON.parse(payload).exception.values;
    expect(stacktrace.frames).toEqual([
      { function: '?', filename: 'node:internal/process/task_queues', lineno: 103, colno: 5, in_app: false },
      {
        function: 'Client.query',
        filename: '/app/node_modules/pg/lib/client.js',
        lineno: 10,
        colno: 2,
        in_app: false,
      },
      { function: 'inner', filename: '/app/dist/src/inner.js', lineno: 3, colno: 7, in_app: true },
    ]);
  });
});
