import { isIPv4, isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';
import {
  type Block,
  PUBLIC_IPV6,
  SPECIAL_IPV4,
  SPECIAL_IPV6,
  type SpecialBlock,
  WRAPPED_IPV4,
} from './special-addresses.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/**
 * Knows which IP addresses webhooks may reach: public ones, and those that WEBHOOK_ALLOWED_CIDRS opens. Whoever may
 * make an endpoint could otherwise use Otklik to talk to what only Otklik can reach.
 */
export class AddressGuard {
  private readonly allowed: readonly Block[];

  constructor(allowedCidrs: readonly string[]) {
    this.allowed = allowedCidrs.map((cidr) => ipaddr.parseCIDR(cidr));
  }

  /**
   * What an address is that may not be reached, such as `a private address`; undefined: it may be reached.
   *
   * @param text an address as the resolver or the socket writes it, not a name
   */
  refusal(text: string): string | undefined {
    const address = parse(text);
    return address === undefined ? 'no IP address' : this.judge(address);
  }

  private judge(address: Address): string | undefined {
    if (this.allowed.some((block) => isIn(address, block))) return undefined;
    if (address instanceof ipaddr.IPv4) return nameOf(address, SPECIAL_IPV4);
    const wrapper = WRAPPED_IPV4.find(({ block }) => isIn(address, block));
    if (wrapper) {
      return this.judge(new ipaddr.IPv4(address.toByteArray().slice(wrapper.at, wrapper.at + 4)));
    }
    return nameOf(address, SPECIAL_IPV6) ?? (isIn(address, PUBLIC_IPV6) ? undefined : 'no public address');
  }
}

/**
 * Only what Node connects to as an address, and as the address that Node connects to: ipaddr.js also reads `010.1`,
 * and takes `::8.8.8.8` for a mapped address. WHATWG's URL writes the latter in hexadecimal.
 */
function parse(text: string): Address | undefined {
  if (isIPv4(text)) return ipaddr.IPv4.parse(text);
  if (!isIPv6(text)) return undefined;
  const [address = ''] = text.split('%');
  return ipaddr.IPv6.parse(new URL(`http://[${address}]`).hostname.slice(1, -1));
}

function nameOf(address: Address, blocks: readonly SpecialBlock[]): string | undefined {
  return blocks.find(({ block }) => isIn(address, block))?.name;
}

function isIn(address: Address, block: Block): boolean {
  // ipaddr.js throws where the kinds differ.
  return address.kind() === block[0].kind() && address.match(block);
}
