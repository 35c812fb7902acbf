import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { errorCode } from '../resilience/error-code.js';

/** Another process works in this data directory. */
export class DataDirectoryInUseError extends Error {
  override readonly name = 'DataDirectoryInUseError';
}

/**
 * The folder that belongs to one running Otklik: its embedded database and the secrets it made for itself.
 * While it is held, no second process gets in.
 */
export class DataDirectory {
  private constructor(
    readonly path: string,
    private readonly lock: Server | undefined,
  ) {}

  /**
   * Creates the folder where needed and takes it for this process.
   *
   * @throws {DataDirectoryInUseError} naming the process that has it
   */
  static async open(path: string): Promise<DataDirectory> {
    prepare(path);
    const realPath = realpathSync(path);
    return new DataDirectory(realPath, await takeLock(realPath));
  }

  /** A secret of this installation, made at the first call and kept in a file that only its owner reads. */
  secret(name: string, make: () => string): { value: string; isNew: boolean } {
    const file = join(this.path, 'secrets', name);
    if (existsSync(file)) return { value: readFileSync(file, 'utf8').trim(), isNew: false };
    const value = make();
    writeFileSync(`${file}.new`, `${value}\n`, { mode: 0o600, flush: true });
    renameSync(`${file}.new`, file);
    return { value, isNew: true };
  }

  /** Where a secret of this installation is kept. */
  secretFile(name: string): string {
    return join(this.path, 'secrets', name);
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => (this.lock ? this.lock.close(() => resolve()) : resolve()));
  }
}

function prepare(path: string): void {
  try {
    makeFolder(join(path, 'secrets'));
    // Others may pass through (PostgreSQL under its own user), not look in; the secrets are closed to them.
    chmodSync(path, 0o711);
    chmodSync(join(path, 'secrets'), 0o700);
  } catch (cause) {
    const code = errorCode(cause) ?? '';
    if (['ENOTDIR', 'EEXIST', 'ENOENT'].includes(code)) {
      throw new Error(
        `The data directory ${path} is not a folder, and cannot be made one (${code}). Set DATA_DIR to another one.`,
        { cause },
      );
    }
    if (!['EACCES', 'EPERM', 'EROFS'].includes(code)) throw cause;
    throw new Error(
      `The data directory ${path} cannot be written by this user (${errorCode(cause)}). ` +
        'Start Otklik as the user that owns it, or set DATA_DIR to another folder.',
      { cause },
    );
  }
}

/**
 * Makes a folder, and those that it lies in. Node's own `recursive` never comes back where a folder is there in which
 * none can be made, as in /proc.
 */
function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (errorCode(error) === 'EEXIST' && statSync(path).isDirectory()) return;
    if (errorCode(error) !== 'ENOENT' || existsSync(dirname(path))) throw error;
    makeFolder(dirname(path));
    mkdirSync(path, { mode: 0o700 });
  }
}

/** A password that no one has to type: 192 random bits, URL-safe. */
export function randomPassword(): string {
  return randomBytes(24).toString('base64url');
}

/**
 * Linux's abstract sockets are locks that cannot go stale: the kernel gives the name to one process and frees
 * it when that process dies, however it dies. Elsewhere PostgreSQL's own lock on its data has to do.
 */
async function takeLock(path: string): Promise<Server | undefined> {
  if (process.platform !== 'linux') return undefined;
  const name = `\0otklik-${createHash('sha256').update(path).digest('hex').slice(0, 32)}`;
  const server = createServer((socket) => socket.end(String(process.pid)));
  // A process that is just dying still holds the name for a moment.
  for (let attempt = 0; ; attempt++) {
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject).listen({ path: name }, resolve);
      });
      server.unref();
      return server;
    } catch (error) {
      if (errorCode(error) !== 'EADDRINUSE') throw error;
      const holder = await askHolder(name);
      if (holder !== undefined || attempt >= 20) {
        throw new DataDirectoryInUseError(
          `The data directory ${path} is in use by ${holder ? `process ${holder}` : 'another process'}. ` +
            'Stop it first, or start this one with another DATA_DIR.',
        );
      }
      await delay(50);
    }
  }
}

async function askHolder(name: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect({ path: name }, () => socket.setTimeout(1000));
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('error', () => resolve(undefined));
    socket.on('timeout', () => resolve(''));
    socket.on('end', () => resolve(answer));
  });
}
