import autocannon from 'autocannon';
import type { LoadAnswer, LoadJob } from './load.js';
import { percentile } from './statistics.js';
import { makerOf, STATUS_OF } from './traffic.js';

/** For requests that are under way when the time is up: they are answered and counted, not cut off. */
const DRAIN_SECONDS = 30;
/** Prepared at a time, once the first supply of a connection is used up. */
const REFILL = 100;
const MOST_PREPARED = 150_000;

type Requests = Parameters<autocannon.Client['setRequests']>[0];

/** One measurement: a warm-up, the window, and an orderly end, over connections that stay open throughout. */
class Load {
  private readonly latencies: number[] = [];
  private readonly clients: autocannon.Client[] = [];
  private accepted = 0;
  private windowStart = 0;
  private windowEnd = 0;
  private cpuAtStart = process.cpuUsage();
  private cpuInWindow = 0;
  private isEnding = false;
  private failure: string | undefined;
  private badStatus: number | undefined;

  private readonly make: () => autocannon.Request;
  private readonly goodStatus: number;

  constructor(private readonly job: LoadJob) {
    this.make = makerOf(job);
    this.goodStatus = STATUS_OF[job.traffic.kind];
  }

  async run(): Promise<LoadAnswer> {
    const { url, connections, warmUp, seconds } = this.job;
    const result = await new Promise<autocannon.Result>((resolve, reject) => {
      const instance = autocannon(
        {
          url,
          connections,
          duration: warmUp + seconds + DRAIN_SECONDS,
          timeout: DRAIN_SECONDS,
          setupClient: (client) => this.setUp(client),
          verifyBody: (body) => this.lookAt(body),
        },
        (error, outcome) => (error ? reject(error) : resolve(outcome)),
      );
      instance.on('reqError', (error: Error) => this.fail(`A request failed: ${error.message}`));
      // The requests were prepared in the call above, so the time starts now.
      this.windowStart = performance.now() + warmUp * 1000;
      this.windowEnd = this.windowStart + seconds * 1000;
      setTimeout(() => {
        this.cpuAtStart = process.cpuUsage();
      }, warmUp * 1000);
      setTimeout(() => this.endWindow(), (warmUp + seconds) * 1000);
    });
    const unanswered = result.requests.sent - result['2xx'] - result.non2xx;
    if (unanswered > 0) this.fail(`${unanswered} requests had no answer after ${DRAIN_SECONDS} s.`);
    if (this.failure !== undefined) return { failure: this.failure };
    return {
      figures: {
        perSecond: this.latencies.length / seconds,
        p50: percentile(this.latencies, 0.5),
        p99: percentile(this.latencies, 0.99),
        count: this.latencies.length,
        accepted: this.accepted,
        loadCpu: this.cpuInWindow / 1e6 / seconds,
      },
    };
  }

  private setUp(client: autocannon.Client): void {
    const { connections, warmUp, seconds, expectedRate } = this.job;
    const all = Math.min(MOST_PREPARED, expectedRate * (warmUp + seconds));
    const first = this.prepare(Math.ceil(all / connections));
    client.setRequests(first);
    let left = first.length;
    this.clients.push(client);
    client.on('response', (status, _bytes, milliseconds) => {
      this.count(status, milliseconds);
      if (this.isEnding) this.endAfterThis(client);
      left--;
      if (left > 0) return;
      // autocannon moves on before it sends: the first of these stands in for the request just answered.
      client.setRequests(this.prepare(REFILL + 1));
      left = REFILL;
    });
  }

  /**
   * Requests as bytes, made before the window: making each as it is sent costs twice the processor time, on a
   * machine that the servers share (measured: 22 µs a request instead of 12).
   */
  private prepare(count: number): Requests {
    return Array.from({ length: count }, this.make);
  }

  private count(status: number, milliseconds: number): void {
    if (status !== this.goodStatus) {
      this.badStatus ??= status;
      this.isEnding = true;
      return;
    }
    this.accepted++;
    const now = performance.now();
    if (now >= this.windowStart && now < this.windowEnd) this.latencies.push(milliseconds);
  }

  /** autocannon shows a body right after its status; the first refusal is worth reading. */
  private lookAt(body: autocannon.Request['body']): boolean {
    if (this.badStatus !== undefined && this.failure === undefined) {
      this.fail(`Status ${this.badStatus} instead of ${this.goodStatus}: ${body}`);
    }
    return true;
  }

  private endWindow(): void {
    const { user, system } = process.cpuUsage(this.cpuAtStart);
    this.cpuInWindow = user + system;
    this.isEnding = true;
  }

  private fail(reason: string): void {
    this.failure ??= reason;
    this.isEnding = true;
  }

  /**
   * autocannon's own end destroys connections with requests under way, of which nobody knows whether they
   * were stored. A client that has had its share ends by itself: this makes what it has sent its share. The
   * property is autocannon 9's own and not in its types; if it stops working, the run fails, since the rows in
   * the table do not match.
   */
  private endAfterThis(client: autocannon.Client): void {
    Object.assign(client, { responseMax: 1 });
  }
}

process.once('disconnect', () => process.exit());
process.once('message', (job: LoadJob) => {
  const answer = new Load(job).run().catch((error: unknown): LoadAnswer => ({ failure: String(error) }));
  void answer.then((message) => process.send?.(message, () => process.exit()));
});
