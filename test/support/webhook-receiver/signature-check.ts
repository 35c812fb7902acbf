import type { IncomingHttpHeaders } from 'node:http';
import { Webhook } from 'standardwebhooks';

const TOLERANCE_SECONDS = 5 * 60;

/** Checks requests as a customer would: with the package that Standard Webhooks publishes. */
export class SignatureCheck {
  private readonly webhooks: readonly Webhook[];

  /** @param now milliseconds since 1970, where the sender does not go by the computer's clock */
  constructor(
    secrets: readonly string[],
    private readonly now?: () => number,
  ) {
    this.webhooks = secrets.map((secret) => new Webhook(secret));
  }

  /** Why a request is not to be believed; undefined: it is. It is enough that one of the secrets is right. */
  fault(headers: IncomingHttpHeaders, body: Buffer): string | undefined {
    let fault = 'The receiver knows no secret for this path.';
    for (const webhook of this.webhooks) {
      try {
        this.verify(webhook, headers as Record<string, string>, body);
        return undefined;
      } catch (error) {
        fault = String((error as Error).message);
      }
    }
    return fault;
  }

  private verify(webhook: Webhook, headers: Record<string, string>, body: Buffer): void {
    if (this.now === undefined) {
      webhook.verify(body.toString(), headers, { jsonParse: false });
      return;
    }
    // The package asks the computer for the time; its signature is the same all the same.
    const timestamp = Number(headers['webhook-timestamp']);
    if (!(Math.abs(this.now() / 1000 - timestamp) <= TOLERANCE_SECONDS)) {
      throw new Error('The timestamp is too old, too new, or none.');
    }
    const at = new Date(timestamp * 1000);
    const expected = webhook.sign(headers['webhook-id'] ?? '', at, body.toString());
    if (!(headers['webhook-signature'] ?? '').split(' ').includes(expected)) {
      throw new Error('No matching signature found');
    }
  }
}
