import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { LOG, type Log } from '../logging/log.js';
import { Observations } from '../observations/observations.js';
import { errorMessage } from '../resilience/error-code.js';
import { envelopeOf, type Report } from './error-envelope.js';
import { type Dsn, parseDsn } from './sentry-dsn.js';

/** Most reports under way at once; what comes then is counted and dropped. */
const UNDER_WAY_MOST = 10;

/** How long to send nothing after 429 without a time, in milliseconds. */
const DEFAULT_PAUSE = 60_000;

/**
 * Sends unexpected errors to a server that speaks Sentry's protocol, where SENTRY_DSN names one: requests that failed of
 * a fault of ours, and the first of the failed runs of a background process. Nothing waits for it and it never throws.
 *
 * @see https://develop.sentry.dev/sdk/foundations/transport/envelopes/
 */
@Injectable()
export class ErrorReports implements OnApplicationShutdown {
  private readonly dsn: Dsn | undefined;
  private readonly settings: Config['errorReports'];
  private readonly underWay = new Set<Promise<void>>();
  private readonly failing = new Set<string>();
  private pausedUntil = 0;
  dropped = 0;

  constructor(
    observations: Observations,
    private readonly clock: Clock,
    @Inject(CONFIG) config: Config,
    @Inject(LOG) private readonly log: Log,
  ) {
    this.settings = config.errorReports;
    this.dsn = config.errorReports.dsn === undefined ? undefined : parseDsn(config.errorReports.dsn);
    if (this.dsn === undefined) return;
    observations.on('requestFailed', ({ error, method, route, traceId }) =>
      this.report({ error, transaction: `${method} ${route}`, traceId }),
    );
    observations.on('processRan', ({ name, fault }) => {
      if (fault === undefined) this.failing.delete(name);
      else if (!this.failing.has(name)) {
        // An outage is one report, however long.
        this.failing.add(name);
        this.report({ error: fault.error, transaction: `process ${name}` });
      }
    });
  }

  /** Whether there is anybody to report to. */
  get isOn(): boolean {
    return this.dsn !== undefined;
  }

  /** Sends a report in the background. */
  report(report: Report): void {
    if (this.dsn === undefined || Math.random() * 100 >= this.settings.samplePercent) return;
    if (this.underWay.size >= UNDER_WAY_MOST || this.clock.now() < this.pausedUntil) {
      this.dropped++;
      return;
    }
    const work = this.send(this.dsn, report).finally(() => this.underWay.delete(work));
    this.underWay.add(work);
  }

  /** Waits for what is under way, each within its deadline. */
  async settled(): Promise<void> {
    await Promise.all(this.underWay);
  }

  onApplicationShutdown(): Promise<void> {
    return this.settled();
  }

  private async send(dsn: Dsn, report: Report): Promise<void> {
    const now = this.clock.now();
    try {
      const response = await fetch(dsn.endpoint, {
        method: 'POST',
        headers: { 'content-type': 'application/x-sentry-envelope', 'x-sentry-auth': dsn.authorization },
        body: envelopeOf(report, { dsn: dsn.public, now, environment: this.settings.environment }),
        signal: AbortSignal.timeout(this.settings.timeout),
        redirect: 'error',
      });
      await response.body?.cancel();
      this.obey(response, now);
    } catch (error) {
      this.dropped++;
      this.log.debug(`An error report was not sent: ${errorMessage(error)}`);
    }
  }

  /** The server says when it wants no more: by Sentry's own header, or by the usual one. */
  private obey({ status, headers }: Response, now: number): void {
    const [limit] = headers.get('x-sentry-rate-limits')?.split(':') ?? [];
    const seconds = Number(limit ?? headers.get('retry-after') ?? Number.NaN);
    if (status !== 429 && limit === undefined) return;
    this.pausedUntil = now + (Number.isFinite(seconds) ? seconds * 1000 : DEFAULT_PAUSE);
  }
}
