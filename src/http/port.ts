import { once } from 'node:events';
import { createServer } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { errorCode } from '../resilience/error-code.js';

const PORTS_TO_TRY = 100;

/** What listening on an address that this machine does not have, or on a name that nobody has, fails with. */
const NOT_OURS: ReadonlySet<string | undefined> = new Set(['EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN']);

/** The port that Otklik should listen on belongs to somebody else. */
export class PortTakenError extends Error {
  override readonly name = 'PortTakenError';
}

/**
 * Finds out that the port is taken, or that the host is not ours, before anything else is started. Whoever takes the
 * port in the meantime is noticed by `listen`.
 *
 * @throws PortTakenError where it is taken and no other was asked for
 */
export async function checkPort({ host, port, portIfTaken }: Config['http']): Promise<void> {
  const server = createServer();
  try {
    server.listen(portIfTaken === 'next' ? 0 : port, host);
    await once(server, 'listening');
  } catch (error) {
    throw portProblem(error, port, host);
  } finally {
    server.close();
  }
}

function portProblem(error: unknown, port: number, host: string): unknown {
  if (errorCode(error) === 'EACCES') {
    return new PortTakenError(
      `Port ${port} needs more rights than this user has. Set PORT to one above 1023.`,
    );
  }
  if (NOT_OURS.has(errorCode(error))) {
    return new Error(
      `HOST ${host} is not an address of this machine. Set it to one that is, or to 0.0.0.0 for all of them.`,
    );
  }
  if (errorCode(error) !== 'EADDRINUSE') return error;
  return new PortTakenError(
    `Port ${port} on ${host} is taken. Set PORT to another one, or PORT_IF_TAKEN=next to take the next free one.`,
  );
}

/**
 * Begins to listen.
 *
 * @returns the address that people open
 * @throws PortTakenError where the port is taken and no other was asked for
 */
export async function listen(
  application: INestApplication,
  { host, port, portIfTaken }: Config['http'],
): Promise<string> {
  const last = portIfTaken === 'next' && port !== 0 ? Math.min(port + PORTS_TO_TRY, 65_535) : port;
  for (let candidate = port; ; candidate++) {
    try {
      await application.listen(candidate, host);
      return addressOf(application, host);
    } catch (error) {
      if (errorCode(error) !== 'EADDRINUSE' || candidate === last) throw portProblem(error, port, host);
    }
  }
}

function addressOf(application: INestApplication, host: string): string {
  const address = application.getHttpServer().address();
  const port = typeof address === 'object' && address !== null ? address.port : '';
  const name = host.includes(':') ? `[${host}]` : host === '0.0.0.0' ? '127.0.0.1' : host;
  return `http://${name}:${port}`;
}
