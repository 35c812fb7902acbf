import { Cleanup, Interrupted } from './cleanup.js';
import { UsageError } from './command-line.js';

/** A benchmark as a command: what it says about itself, how it reads its options, and what it does. */
interface Command<Options> {
  readonly help: string;
  /** Undefined means that the person asked for help. @throws {UsageError} */
  readonly parseOptions: (args: readonly string[]) => Options | undefined;
  readonly run: (options: Options, cleanup: Cleanup) => Promise<void>;
}

/** Runs a benchmark and undoes all that it has started, however it ends, after Ctrl-C too; ends the process. */
export async function runCommand<Options>({ help, parseOptions, run }: Command<Options>): Promise<never> {
  const cleanup = new Cleanup();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    // Impatience must not leave a database behind: a second one changes nothing.
    process.on(signal, () => {
      process.exitCode = 130;
      void cleanup.end();
    });
  }
  try {
    const options = parseOptions(process.argv.slice(2));
    if (options) await run(options, cleanup);
    else console.log(help);
  } catch (error) {
    // What fails while the run is being ended fails because of that.
    const isInterrupted = error instanceof Interrupted || cleanup.hasBegun;
    if (isInterrupted) console.error('\nInterrupted: cleaning up.');
    else console.error(error instanceof UsageError ? error.message : error);
    process.exitCode ||= 1;
  } finally {
    await cleanup.end();
  }
  // A child's pipe or a timer may still be open; nothing is waited for any more.
  process.exit();
}
