import { isReservedHeader, maskHeader, maskHeaders } from './request-headers.js';

describe('the headers of a request', () => {
  it.each([
    ...['Host', 'content-type', 'Content-Length', 'Content-Encoding', 'webhook-id', 'WEBHOOK-SIGNATURE'],
    ...[
      'Webhook-Anything',
      'Connection',
      'proxy-connection',
      'Keep-Alive',
      'Transfer-Encoding',
      'TE',
      'trailer',
    ],
    ...['Upgrade', 'Expect', 'traceparent'],
  ])('are Otklik’s own: %s', (name) => {
    expect(isReservedHeader(name)).toBe(true);
  });

  it.each([
    'user-agent',
    'authorization',
    'x-webhook-id',
    'x-host',
    'accept',
    'cookie',
    'te-x',
    'tracestate',
  ])('may be the customer’s: %s', (name) => {
    expect(isReservedHeader(name)).toBe(false);
  });

  it.each([
    ...['authorization', 'Proxy-Authorization', 'cookie', 'set-cookie', 'X-Api-Key', 'webhook-signature'],
    ...['x-auth', 'x-gitlab-token', 'x-shared-secret', 'apikey', 'x-password', 'private-key-id'],
  ])('are masked: %s', (name) => {
    expect(maskHeader(name, 'value')).toBe('***');
  });

  it.each([
    'user-agent',
    'content-type',
    'www-authenticate',
    'proxy-authenticate',
    'x-request-id',
    'x-cookies',
  ])('are kept as they are: %s', (name) => {
    expect(maskHeader(name, 'value')).toBe('value');
  });

  it('of an answer are masked one by one where a name comes twice', () => {
    expect(
      maskHeaders({ 'set-cookie': ['a=1', 'b=2'], via: ['a', 'b'], date: 'now', none: undefined }),
    ).toEqual({
      'set-cookie': ['***', '***'],
      via: ['a', 'b'],
      date: 'now',
    });
  });
});
