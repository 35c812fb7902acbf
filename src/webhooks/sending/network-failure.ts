import { errorCode, errorMessage } from '../../resilience/error-code.js';
import type { ErrorClass } from './attempt-result.js';
import type { ConnectionState } from './connection.js';
import { ADDRESS_REFUSED, CONNECT_TIMEOUT } from './guarded-connector.js';
import { tlsReason } from './tls-reason.js';

/** Why an attempt was no success, for programs and for people. */
export interface Failure {
  readonly errorClass: ErrorClass;
  readonly error: string;
}

/** How far an attempt came. */
export interface Progress {
  readonly url: URL;
  /** Null: it waited for a connection, or never got as far. */
  readonly connection: ConnectionState | null;
  /** Null: the answer had not begun. */
  readonly status: number | null;
}

/** What it means that the deadline has passed. */
export function timeoutFailure(progress: Progress, timeout: number): Failure {
  return { errorClass: 'timeout', error: `${timeoutStep(progress)} within ${timeout / 1000} s.` };
}

function timeoutStep({ url, connection, status }: Progress): string {
  if (status !== null) return `The endpoint answered ${status}, but its answer did not end`;
  switch (connection?.phase) {
    case undefined:
      return `No connection to ${url.host} became free`;
    case 'looking_up':
      return `The name servers did not tell the address of ${url.hostname}`;
    case 'connecting':
      return `Nothing at ${place(url)} accepted the connection`;
    case 'securing':
      return `${place(url, connection?.address)} did not complete the TLS handshake`;
    case 'open':
      return `The endpoint was reached at ${place(url, connection?.address)}, but did not begin to answer`;
  }
}

/** What an error of the network, of TLS or of undici means. */
export function networkFailure(thrown: unknown, progress: Progress, timeout: number): Failure {
  const code = errorCode(thrown) ?? '';
  const { url, connection } = progress;
  const there = place(url, connection?.address);
  switch (code) {
    case ADDRESS_REFUSED:
      return failure(
        'address_refused',
        `${errorMessage(thrown)}: webhooks must not reach it. WEBHOOK_ALLOWED_CIDRS can allow it.`,
      );
    case CONNECT_TIMEOUT:
    case 'ETIMEDOUT':
    case 'UND_ERR_CONNECT_TIMEOUT':
      return timeoutFailure(progress, timeout);
    case 'ENOTFOUND':
    case 'ENODATA':
      return failure('dns', `There is no address for the name ${url.hostname}.`);
    case 'ECONNREFUSED':
      return failure(
        'connection_refused',
        `The connection was refused by ${triedPlaces(thrown) ?? there}: nothing listens there.`,
      );
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return failure(
        'connection_refused',
        `${triedPlaces(thrown) ?? there} cannot be reached: there is no route to it.`,
      );
    case 'UND_ERR_HEADERS_OVERFLOW':
      return failure('invalid_answer', 'The headers of the answer are too long (more than 16 KiB).');
    case 'UND_ERR_ABORTED':
    case 'UND_ERR_DESTROYED':
    case 'UND_ERR_CLOSED':
      return abortedFailure();
  }
  if (code.startsWith('EAI_') || syscall(thrown) === 'getaddrinfo') {
    return failure('dns', `The look-up of ${url.hostname} failed (${code}).`);
  }
  if (isCutOff(code, thrown)) return failure('connection_reset', cutOff(progress, there));
  if (connection?.phase === 'securing') {
    return failure('tls', `The TLS handshake with ${there} failed: ${tlsReason(code, thrown)}`);
  }
  if (isProtocolError(thrown) || code === 'UND_ERR_SOCKET') {
    return failure('invalid_answer', `What ${there} answered is not HTTP/1.1.`);
  }
  return failure('aborted', `The request could not be made: ${errorMessage(thrown)}.`);
}

export function abortedFailure(): Failure {
  return failure('aborted', 'Otklik broke the attempt off, because this process stops.');
}

function failure(errorClass: ErrorClass, error: string): Failure {
  return { errorClass, error };
}

const CUT_OFF = new Set(['ECONNRESET', 'ECONNABORTED', 'EPIPE', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH']);

/** undici calls whatever happens to a socket UND_ERR_SOCKET; its message tells what it was. */
function isCutOff(code: string, thrown: unknown): boolean {
  if (CUT_OFF.has(code)) return true;
  const message = errorMessage(thrown);
  return code === 'UND_ERR_SOCKET'
    ? /closed|ended/.test(message)
    : isProtocolError(thrown) && message.includes('EOF');
}

/** undici means to give these a code, but does not. */
function isProtocolError(thrown: unknown): boolean {
  return (
    typeof thrown === 'object' && thrown !== null && 'name' in thrown && thrown.name === 'HTTPParserError'
  );
}

function cutOff({ connection, status }: Progress, there: string): string {
  if (status !== null)
    return `The endpoint answered ${status}, but closed the connection before its answer ended.`;
  if (connection?.phase === 'securing') return `${there} closed the connection during the TLS handshake.`;
  return `${there} closed the connection before it answered.`;
}

function syscall(thrown: unknown): unknown {
  return typeof thrown === 'object' && thrown !== null && 'syscall' in thrown ? thrown.syscall : undefined;
}

/** The address, or else the name, and the port, as a person would write them into a test with curl. */
function place(url: URL, address?: string | null): string {
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return address == null ? `${url.hostname}:${port}` : placeOf(address, port);
}

function placeOf(address: string, port: string | number): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port}`;
}

/** Where connecting was tried; a name can have several addresses, and Node gives one error for all. */
function triedPlaces(thrown: unknown): string | undefined {
  const errors: readonly unknown[] =
    typeof thrown === 'object' && thrown !== null && 'errors' in thrown && Array.isArray(thrown.errors)
      ? thrown.errors
      : [thrown];
  const places = errors.flatMap((error) => {
    const { address, port } = error as { address?: unknown; port?: unknown };
    return typeof address === 'string' && typeof port === 'number' ? [placeOf(address, port)] : [];
  });
  return places.length === 0 ? undefined : places.join(' and ');
}
