import { isIP } from 'node:net';
import type { Config } from '../../config/config.js';
import { AddressGuard } from './address-guard.js';

const MAX_LENGTH = 2048;

/** What of the configuration decides on URLs. */
export type UrlSettings = Pick<Config['webhooks'], 'allowHttp' | 'allowedCidrs'>;

/**
 * Why an endpoint cannot have this URL; undefined: it can. A name is not looked up here: what it means is checked
 * with every connection, because it can change.
 */
export function checkEndpointUrl(text: string, settings: UrlSettings): string | undefined {
  if (text.length > MAX_LENGTH) return `must have at most ${MAX_LENGTH} characters`;
  // URL reads over spaces, tabs and missing slashes; who typed them meant something else.
  if (!/^https?:\/\/[^\s\\]+$/i.test(text) || !URL.canParse(text)) {
    return 'must be an absolute URL, such as https://example.com/otklik';
  }
  const url = new URL(text);
  if (url.protocol === 'http:' && settings.allowHttp !== 'true') {
    return 'must begin with https:// (WEBHOOK_ALLOW_HTTP allows http://)';
  }
  if (url.username !== '' || url.password !== '') {
    return 'must not contain a user name or password; use a header instead';
  }
  if (text.includes('#')) return 'must not have a fragment (#…): it would never be sent';
  if (url.port === '0') return 'must have a port from 1 to 65535';
  return checkLiteral(hostOf(url), new AddressGuard(settings.allowedCidrs));
}

/** The host as sockets want it: an IPv6 address without its brackets. */
export function hostOf(url: URL): string {
  return url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname;
}

/** URL has written every spelling of an IPv4 address (0x7f.1, 017700000001, 2130706433) with four decimals. */
function checkLiteral(host: string, guard: AddressGuard): string | undefined {
  const refusal = isIP(host) === 0 ? undefined : guard.refusal(host);
  if (refusal === undefined) return undefined;
  return `must not be at ${host}, which is ${refusal} (WEBHOOK_ALLOWED_CIDRS can allow it)`;
}
