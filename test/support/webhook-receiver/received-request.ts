import type { IncomingHttpHeaders } from 'node:http';

/** A request as it arrived. */
export class ReceivedRequest {
  private checked: { readonly fault: string | undefined } | undefined;

  constructor(
    /** With its query. */
    readonly path: string,
    readonly headers: IncomingHttpHeaders,
    readonly body: Buffer,
    /** Milliseconds since 1970, with fractions. */
    readonly arrivedAt: number,
    private readonly check: () => string | undefined,
  ) {}

  /** Why its signature is not to be believed; undefined: it is. */
  get fault(): string | undefined {
    this.checked ??= { fault: this.check() };
    return this.checked.fault;
  }

  /** `webhook-id`. */
  get id(): string {
    return String(this.headers['webhook-id']);
  }

  get isVerified(): boolean {
    return this.fault === undefined;
  }

  get json(): { type: string; timestamp: string; data: Record<string, unknown> } {
    return JSON.parse(this.body.toString());
  }

  /** The event's. */
  get type(): string {
    return this.json.type;
  }
}
