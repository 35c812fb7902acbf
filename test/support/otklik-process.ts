import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { packageFolder } from '../../src/config/package-folder.js';

interface StartOptions {
  /** Variables on top of those that make it quiet and free of others. */
  readonly env?: Readonly<Record<string, string>>;
  /** A data directory to use and keep; absent, a temporary one is made and removed at the end. */
  readonly dataDir?: string;
  /** Gets every line of its log. */
  readonly onLine?: (line: string) => void;
}

/** A real Otklik in a process of its own, as built into `dist/`, on a free port. */
export class OtklikProcess {
  private constructor(
    readonly url: string,
    readonly apiKey: string,
    readonly pid: number,
    private readonly child: ChildProcess,
    private readonly temporaryFolder: string | undefined,
  ) {}

  /** Starts it and waits until it listens. */
  static async start({ env = {}, dataDir, onLine }: StartOptions = {}): Promise<OtklikProcess> {
    const temporaryFolder = dataDir === undefined ? mkdtempSync(join(tmpdir(), 'otklik-')) : undefined;
    const apiKey = env.ADMIN_API_KEY ?? `otk_${randomBytes(32).toString('base64url')}`;
    const child = spawn(process.execPath, [join(packageFolder(import.meta.url), 'dist/src/main.js')], {
      cwd: tmpdir(),
      env: {
        PATH: process.env.PATH,
        PORT: '0',
        LOG_FORMAT: 'json',
        DATA_DIR: dataDir ?? temporaryFolder,
        ADMIN_API_KEY: apiKey,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      // Ctrl-C in a terminal is for whoever started it, who then stops it in order.
      detached: true,
    });
    // One that is killed is not stopped; with a database elsewhere, nothing in its folder is wanted again.
    if (temporaryFolder && env.DATABASE_URL) {
      child.once('exit', () => rmSync(temporaryFolder, { recursive: true, force: true }));
    }
    let output = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    const lines = createInterface({ input: child.stdout });
    try {
      const url = await new Promise<string>((resolve, reject) => {
        lines.on('line', (line) => {
          onLine?.(line);
          const found = listeningUrl(line);
          if (found) resolve(found);
        });
        child.once('exit', (code, signal) =>
          reject(new Error(`Otklik did not start (${signal ?? code}):\n${output}`)),
        );
        child.once('error', reject);
      });
      // Nobody reads its log any more: following each line would cost a benchmark a tenth of a core.
      if (!onLine) {
        lines.close();
        child.stdout.resume();
      }
      return new OtklikProcess(url, apiKey, child.pid ?? 0, child, temporaryFolder);
    } catch (error) {
      if (temporaryFolder) rmSync(temporaryFolder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Sends a signal and waits for its end. */
  async kill(signal: NodeJS.Signals): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill(signal);
    await ended;
  }

  /** The exit code, once it has ended by itself. */
  get exitCode(): number | null {
    return this.child.exitCode;
  }

  /** Stops it in order and removes its temporary folder; does no harm when it has ended already. */
  async stop(): Promise<void> {
    await this.kill('SIGTERM');
    if (this.temporaryFolder) rmSync(this.temporaryFolder, { recursive: true, force: true, maxRetries: 10 });
  }
}

function listeningUrl(line: string): string | undefined {
  if (!line.startsWith('{')) return undefined;
  const { msg, url } = JSON.parse(line) as { msg?: string; url?: string };
  return msg === 'listening' ? url : undefined;
}
