import { traceContext } from './trace-context.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

describe('the trace of a request', () => {
  it.each([
    ['version 00', `00-${TRACE}-${SPAN}-01`],
    ['without the sampled flag', `00-${TRACE}-${SPAN}-00`],
    ['a later version with more to it', `cc-${TRACE}-${SPAN}-01-what-the-future-brings`],
  ])("is the caller's: %s", (_what, traceparent) => {
    expect(traceContext({ traceparent })).toEqual({ traceId: TRACE, requestId: TRACE });
  });

  it.each([
    ['nothing', undefined],
    ['an empty header', ''],
    ['capitals', `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ['a short id', `00-${TRACE.slice(1)}-${SPAN}-01`],
    ['no flags', `00-${TRACE}-${SPAN}`],
    ['a trace of zeros', `00-${'0'.repeat(32)}-${SPAN}-01`],
    ['a span of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['the forbidden version', `ff-${TRACE}-${SPAN}-01`],
    ['something before it', ` x00-${TRACE}-${SPAN}-01`],
    ['something after it', `00-${TRACE}-${SPAN}-01x`],
  ])('is a new one where the caller sends %s', (_what, traceparent) => {
    const { traceId, requestId } = traceContext({ ...(traceparent !== undefined && { traceparent }) });
    expect(traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(traceId).not.toBe(TRACE);
    expect(requestId).toBe(traceId);
    expect(traceContext({}).traceId).not.toBe(traceId);
  });

  it('goes by the request id of the caller, where that is harmless', () => {
    expect(traceContext({ 'x-request-id': 'shop:17@a+b.c_d-e' }).requestId).toBe('shop:17@a+b.c_d-e');
    for (const requestId of ['', 'a b', 'a\nb', '<x>', 'x'.repeat(129)]) {
      const { traceId, requestId: answered } = traceContext({ 'x-request-id': requestId });
      expect(answered).toBe(traceId);
    }
  });
});
