import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { OtklikProcess } from '../test/support/otklik-process.js';
import { readProblemDetail } from './answers.js';
import { ApiConnections, type CallApi } from './api-connections.js';
import { DEMO_ENDPOINT_SETTINGS, DemoEndpoint, renderTold } from './demo-endpoint.js';
import { type DemoMessages, readDemoMessages } from './demo-messages.js';
import { DemoProblem, describeFault } from './demo-problem.js';
import { pushMessages } from './message-pusher.js';
import { type Afterwards, renderNextSteps } from './next-steps.js';
import { type DemoOptions, HELP, parseOptions } from './options.js';
import { showProgress } from './progress.js';
import { readBack } from './read-back.js';
import { renderSummary } from './summary.js';
import { count, type Terminal } from './terminal-text.js';

const now = () => performance.now();

/** The compiler leaves the CSV where it is: beside this file's source, two folders up from its output. */
function ownMessages(): string {
  const places = ['./messages.csv', '../../demo/messages.csv'];
  const paths = places.map((place) => fileURLToPath(new URL(place, import.meta.url)));
  return paths.find((path) => existsSync(path)) ?? 'demo/messages.csv';
}

async function readMessages(options: DemoOptions, path: string): Promise<DemoMessages> {
  let csv: string;
  try {
    csv = await readFile(path, 'utf8');
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw new DemoProblem(
      missing ? `There is no file ${path}.` : `Cannot read ${path}: ${describeFault(error)}`,
    );
  }
  return readDemoMessages(csv, {
    text: options.textColumn,
    client: options.clientColumn,
    limit: options.limit,
  });
}

function describeSource(path: string, read: DemoMessages): string {
  const shown = relative(process.cwd(), path);
  const clients = new Set(read.messages.map((message) => message.clientId)).size;
  const invented = read.clientColumn === null ? 'invented ' : '';
  const blank = read.blankRows === 0 ? '' : `, ${count(read.blankRows)} blank rows left out`;
  const messages = read.messages.length === 1 ? '1 message' : `${count(read.messages.length)} messages`;
  const who = clients === 1 ? `1 ${invented}client` : `${count(clients)} ${invented}clients`;
  return `${messages} by ${who}, column "${read.textColumn}" of ${shown}${blank}`;
}

/** Says at once what would otherwise fail message by message: a wrong address, a wrong key. */
async function checkReachable(call: CallApi, url: string): Promise<void> {
  const answer = await call({ method: 'GET', path: '/api/messages?limit=1' }).catch((error: unknown) => {
    throw new DemoProblem(`No Otklik answers at ${url}: ${describeFault(error)}`);
  });
  if (answer.status !== 200 && answer.status !== 429 && answer.status !== 503) {
    const detail = readProblemDetail(answer.status, answer.body);
    throw new DemoProblem(`${url}/api/messages answers ${answer.status}: ${detail}`);
  }
}

interface Place {
  readonly url: string;
  readonly key: string;
}

/**
 * Pushes, summarises; whether all that was accepted was found again and nothing was given up.
 *
 * @param isOurs an Otklik of the demo's own, which can be asked to tell an endpoint of everything
 */
async function run(
  read: DemoMessages,
  source: string,
  place: Place,
  connections: number,
  interruption: AbortSignal,
  isOurs: boolean,
): Promise<boolean> {
  const api = new ApiConnections(place.url, place.key, connections);
  let endpoint: DemoEndpoint | undefined;
  try {
    await checkReachable(api.call, place.url);
    if (isOurs) endpoint = await DemoEndpoint.start(api.call);
    console.log(`Pushing ${count(read.messages.length)} messages to ${place.url}\n`);
    const ports = { call: api.call, pause, now };
    const progress = showProgress(read.messages.length, process.stdout, now);
    const push = await pushMessages(read.messages, {
      runId: randomUUID(),
      connections,
      ports,
      onProgress: (done) => progress.update(done),
      signal: interruption,
    }).finally(() => progress.stop());
    const { tally } = push;
    const ids = new Set(tally.decided.keys());
    const told = await endpoint?.settle(pause, now, interruption);
    const found = ids.size === 0 ? null : await readBack(ids, ports, interruption);
    const report = { source, connections, push, readBack: found, now: new Date() };
    console.log(renderSummary(report, terminal()));
    if (told) console.log(renderTold(told));
    const isTold = told === undefined || (told.isComplete && told.faulty === 0);
    return found?.found === ids.size && tally.gaveUp.count === 0 && push.notSent === 0 && isTold;
  } finally {
    await endpoint?.close();
    api.close();
  }
}

function terminal(): Terminal {
  const { NO_COLOR } = process.env;
  const plain = NO_COLOR !== undefined && NO_COLOR !== '';
  // Some pseudo-terminals say that they are 0 wide.
  const { columns = 0 } = process.stdout;
  return { width: columns >= 40 ? columns : 100, colour: process.stdout.isTTY === true && !plain };
}

function sayNext(afterwards: Afterwards): void {
  console.log(`\n${renderNextSteps(afterwards, terminal())}`);
}

async function runInOwnOtklik(
  options: DemoOptions,
  read: DemoMessages,
  source: string,
  interruption: AbortController,
): Promise<boolean> {
  console.log('Starting an Otklik with a database of its own …');
  const started = now();
  // The demo writes as one very busy caller; the limits exist to slow exactly such a one down.
  const otklik = await OtklikProcess.start({ env: { RATE_LIMIT: 'off', ...DEMO_ENDPOINT_SETTINGS } });
  try {
    if (interruption.signal.aborted) return false;
    console.log(`It answers at ${otklik.url} after ${((now() - started) / 1000).toFixed(1)} s.`);
    const place = { url: otklik.url, key: otklik.apiKey };
    const well = await run(read, source, place, options.connections, interruption.signal, true);
    if (options.keep && !interruption.signal.aborted) {
      sayNext({ kind: 'kept', ...place });
      console.log('\nIt keeps running; Ctrl-C stops it and removes its data.');
      await untilAborted(interruption.signal);
    } else {
      sayNext({ kind: 'gone' });
    }
    return well;
  } finally {
    await otklik.stop();
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  // A pending promise does not keep Node alive; this timer does, until the signal comes.
  const stay = setInterval(() => undefined, 60_000);
  return new Promise((resolve) => {
    const leave = () => {
      clearInterval(stay);
      resolve();
    };
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
  });
}

async function main(): Promise<boolean> {
  const options = parseOptions(process.argv.slice(2));
  if (options === null) {
    console.log(HELP);
    return true;
  }
  const path = options.file ?? ownMessages();
  const read = await readMessages(options, path);
  const source = describeSource(path, read);
  const interruption = new AbortController();
  const interrupt = () => interruption.abort();
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  if (options.target === null) return runInOwnOtklik(options, read, source, interruption);
  const well = await run(read, source, options.target, options.connections, interruption.signal, false);
  sayNext({ kind: 'theirs', url: options.target.url });
  return well;
}

try {
  if (!(await main())) process.exitCode = 1;
} catch (error) {
  if (!(error instanceof DemoProblem)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
