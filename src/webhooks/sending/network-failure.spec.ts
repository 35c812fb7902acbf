import type { ConnectionPhase } from './connection.js';
import { networkFailure, timeoutFailure } from './network-failure.js';

const url = new URL('https://hooks.example.com/otklik');
const at = (phase: ConnectionPhase, address: string | null = null) => ({ phase, address });
const error = (code: string, more: object = {}) =>
  Object.assign(new Error('as Node says it'), { code }, more);

function failureOf(thrown: unknown, phase: ConnectionPhase = 'open', status: number | null = null) {
  const address = phase === 'open' || phase === 'securing' ? '2606:4700::1' : null;
  return networkFailure(thrown, { url, connection: at(phase, address), status }, 30_000);
}

describe('a failure of the network', () => {
  it.each([
    [null, null, 'No connection to hooks.example.com became free within 30 s.'],
    ['looking_up', null, 'The name servers did not tell the address of hooks.example.com within 30 s.'],
    ['connecting', null, 'Nothing at hooks.example.com:443 accepted the connection within 30 s.'],
    ['securing', '8.8.8.8', '8.8.8.8:443 did not complete the TLS handshake within 30 s.'],
    ['open', '8.8.8.8', 'The endpoint was reached at 8.8.8.8:443, but did not begin to answer within 30 s.'],
  ] as const)('in time is told by its step: %s', (phase, address, sentence) => {
    const connection = phase === null ? null : at(phase, address);
    expect(timeoutFailure({ url, connection, status: null }, 30_000)).toEqual({
      errorClass: 'timeout',
      error: sentence,
    });
  });

  it.each([
    [
      error('ECONNRESET'),
      'open',
      'connection_reset',
      '[2606:4700::1]:443 closed the connection before it answered.',
    ],
    [
      error('EPIPE'),
      'open',
      'connection_reset',
      '[2606:4700::1]:443 closed the connection before it answered.',
    ],
    [
      error('ECONNRESET'),
      'securing',
      'connection_reset',
      '[2606:4700::1]:443 closed the connection during the TLS handshake.',
    ],
    [
      error('EHOSTUNREACH', { address: '8.8.8.8', port: 443 }),
      'connecting',
      'connection_refused',
      '8.8.8.8:443 cannot be reached: there is no route to it.',
    ],
    [
      error('ECONNREFUSED', {
        errors: [
          error('ECONNREFUSED', { address: '8.8.8.8', port: 443 }),
          error('ENETUNREACH', { address: '2606:4700::1', port: 443 }),
        ],
      }),
      'connecting',
      'connection_refused',
      'The connection was refused by 8.8.8.8:443 and [2606:4700::1]:443: nothing listens there.',
    ],
    [
      error('ETIMEDOUT'),
      'connecting',
      'timeout',
      'Nothing at hooks.example.com:443 accepted the connection within 30 s.',
    ],
    [error('EAI_AGAIN'), 'looking_up', 'dns', 'The look-up of hooks.example.com failed (EAI_AGAIN).'],
    [
      error('CERT_HAS_EXPIRED'),
      'securing',
      'tls',
      'The TLS handshake with [2606:4700::1]:443 failed: its certificate has expired.',
    ],
    [
      error('SOMETHING_NEW'),
      'securing',
      'tls',
      'The TLS handshake with [2606:4700::1]:443 failed: as Node says it.',
    ],
    [error('EMFILE'), 'connecting', 'aborted', 'The request could not be made: as Node says it.'],
    ['thrown text', 'open', 'aborted', 'The request could not be made: thrown text.'],
  ] as const)('is told in a sentence: %#', (thrown, phase, errorClass, sentence) => {
    expect(failureOf(thrown, phase)).toEqual({ errorClass, error: sentence });
  });
});
