import ipaddr from 'ipaddr.js';

export type Block = [ipaddr.IPv4 | ipaddr.IPv6, number];

export interface SpecialBlock {
  readonly block: Block;
  /** With its article: `a private address`. */
  readonly name: string;
}

function blocks(table: Readonly<Record<string, string>>): readonly SpecialBlock[] {
  return Object.entries(table).map(([cidr, name]) => ({ block: ipaddr.parseCIDR(cidr), name }));
}

/**
 * IPv4 blocks that are nobody's public server.
 *
 * @see https://www.iana.org/assignments/iana-ipv4-special-registry/
 */
export const SPECIAL_IPV4 = blocks({
  '0.0.0.0/8': 'an address of this network itself',
  '10.0.0.0/8': 'a private address',
  '100.64.0.0/10': 'an address behind a carrier-grade NAT',
  '127.0.0.0/8': 'a loopback address',
  '169.254.0.0/16': 'a link-local address',
  '172.16.0.0/12': 'a private address',
  '192.0.0.0/24': 'an address reserved for protocols',
  '192.0.2.0/24': 'an address for documentation',
  '192.88.99.0/24': 'a 6to4 relay',
  '192.168.0.0/16': 'a private address',
  '198.18.0.0/15': 'an address for benchmarks',
  '198.51.100.0/24': 'an address for documentation',
  '203.0.113.0/24': 'an address for documentation',
  '224.0.0.0/4': 'a multicast address',
  '240.0.0.0/4': 'a reserved address',
});

/** All that is handed out to public networks; what is not in here is not public, whatever it will be used for. */
export const PUBLIC_IPV6: Block = ipaddr.parseCIDR('2000::/3');

/**
 * IPv6 blocks that are nobody's public server. Those outside of `PUBLIC_IPV6` stand here for their names' sake.
 *
 * @see https://www.iana.org/assignments/iana-ipv6-special-registry/
 */
export const SPECIAL_IPV6 = blocks({
  '::/128': 'the unspecified address',
  '::1/128': 'a loopback address',
  // The prefix may be 48 to 96 bits long, so nobody but its owner knows where the IPv4 address is in it.
  '64:ff9b:1::/48': 'an address of a local NAT64',
  '100::/64': 'an address that discards what it gets',
  '2001::/32': 'a Teredo address',
  '2001:2::/48': 'an address for benchmarks',
  '2001:10::/28': 'an ORCHID',
  '2001:20::/28': 'an ORCHID',
  '2001::/23': 'an address reserved for protocols',
  '2001:db8::/32': 'an address for documentation',
  '3fff::/20': 'an address for documentation',
  'fc00::/7': 'a private address',
  'fe80::/10': 'a link-local address',
  'fec0::/10': 'a site-local address',
  'ff00::/8': 'a multicast address',
});

/** IPv6 blocks with an IPv4 address inside, and the byte at which it begins: what they reach is that one. */
export const WRAPPED_IPV4: readonly { readonly block: Block; readonly at: number }[] = [
  // mapped (RFC 4291), NAT64 (RFC 6052), 6to4 (RFC 3056)
  { block: ipaddr.parseCIDR('::ffff:0:0/96'), at: 12 },
  { block: ipaddr.parseCIDR('64:ff9b::/96'), at: 12 },
  { block: ipaddr.parseCIDR('2002::/16'), at: 2 },
];
