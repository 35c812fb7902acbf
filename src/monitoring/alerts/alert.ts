/** How bad a part is that an alert is about. */
export type Severity = 'degraded' | 'unhealthy';

/** What is told of an alert to people outside. */
export interface Notice {
  readonly action: 'raise' | 'resolve';
  readonly service: string;
  readonly severity: Severity;
  readonly message: string;
  /** ISO 8601. */
  readonly raisedAt: string;
  /** When this was so, ISO 8601. */
  readonly at: string;
}

/** That a part is not well, until it is again. */
export interface Alert {
  readonly id: string;
  readonly service: string;
  readonly severity: Severity;
  readonly message: string;
  readonly raisedAt: Date;
  readonly changedAt: Date;
  readonly resolvedAt: Date | null;
}

/** A database that cannot be written: what this process told of it by itself. */
export interface Outage {
  readonly message: string;
  readonly since: Date;
  /** The channels that took it. */
  readonly told: readonly string[];
}
