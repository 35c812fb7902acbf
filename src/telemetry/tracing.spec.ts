import { loadConfig } from '../config/config.js';
import { activeTraceId, startAttempt } from './spans.js';
import { startTracing } from './tracing.js';

describe('tracing', () => {
  it('is off unless it is told where traces go: nothing is set, and no span begins', async () => {
    const environment = {};
    expect(await startTracing(loadConfig({}).tracing, environment, '0.0.0')).toBeUndefined();
    expect(environment).toEqual({});
    expect(startAttempt('4bf92f3577b34da6a3ce929d0e0e4736', {})).toBeUndefined();
    expect(activeTraceId()).toBeUndefined();
  });
});
