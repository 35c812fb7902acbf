import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { AddressGuard } from './address-guard.js';

const guard = new AddressGuard([]);
const ipv4 = fc.ipV4();
const ipv6Of = (bytes: readonly number[]) => new ipaddr.IPv6([...bytes]).toString();
const bytesOf = (address: string) => ipaddr.IPv4.parse(address).toByteArray();

/** Wraps an IPv4 address in each way that routers unwrap. */
const WRAPPINGS: Readonly<Record<string, (address: string) => string>> = {
  mapped: (address) => `::ffff:${address}`,
  NAT64: (address) => `64:ff9b::${address}`,
  '6to4': (address) => ipv6Of([0x20, 0x02, ...bytesOf(address), ...Array.from({ length: 10 }, () => 1)]),
};

describe('the guard of addresses', () => {
  it.each([
    // the first and the last address of each block
    ['this network', '0.0.0.0', '0.255.255.255'],
    ['private 10/8', '10.0.0.0', '10.255.255.255'],
    ['carrier-grade NAT', '100.64.0.0', '100.127.255.255'],
    ['loopback', '127.0.0.0', '127.255.255.255'],
    ['link-local', '169.254.0.0', '169.254.255.255'],
    ['private 172.16/12', '172.16.0.0', '172.31.255.255'],
    ['protocols', '192.0.0.0', '192.0.0.255'],
    ['documentation 1', '192.0.2.0', '192.0.2.255'],
    ['6to4 relays', '192.88.99.0', '192.88.99.255'],
    ['private 192.168/16', '192.168.0.0', '192.168.255.255'],
    ['benchmarks', '198.18.0.0', '198.19.255.255'],
    ['documentation 2', '198.51.100.0', '198.51.100.255'],
    ['documentation 3', '203.0.113.0', '203.0.113.255'],
    ['multicast', '224.0.0.0', '239.255.255.255'],
    ['reserved', '240.0.0.0', '255.255.255.254'],
    ['the metadata service', '169.254.169.254', '169.254.169.254'],
    ['broadcast', '255.255.255.255', '255.255.255.255'],
    ['unspecified', '::', '::'],
    ['loopback', '::1', '::1'],
    ['IPv4-compatible', '::7f00:1', '::8.8.8.8'],
    ['SIIT', '::ffff:0:7f00:1', '::ffff:0:808:808'],
    ['local NAT64', '64:ff9b:1::', '64:ff9b:1:ffff:ffff:ffff:ffff:ffff'],
    ['discard', '100::', '100::ffff:ffff:ffff:ffff'],
    ['Teredo', '2001::', '2001:0:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['benchmarks', '2001:2::', '2001:2:0:ffff:ffff:ffff:ffff:ffff'],
    ['ORCHID', '2001:10::', '2001:1f:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['ORCHID 2', '2001:20::', '2001:2f:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['protocols', '2001:1ff::', '2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['documentation', '2001:db8::', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['documentation', '3fff::', '3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['segment routing', '5f00::', '5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['unique local', 'fc00::', 'fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['the metadata service', 'fd00:ec2::254', 'fd00:ec2::254'],
    ['link-local', 'fe80::', 'febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['link-local with a zone', 'fe80::1%eth0', 'fe80::1%25lo'],
    ['site-local', 'fec0::', 'feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['multicast', 'ff00::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ])('refuses %s: %s to %s', (_name, first, last) => {
    expect(guard.refusal(first)).toBeDefined();
    expect(guard.refusal(last)).toBeDefined();
  });

  it.each([
    // the neighbours of those blocks
    ['1.0.0.0', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '126.255.255.255', '128.0.0.0'],
    [
      '169.253.255.255',
      '169.255.0.0',
      '172.15.255.255',
      '172.32.0.0',
      '192.0.1.0',
      '192.0.1.255',
      '192.0.3.0',
    ],
    ['192.88.98.255', '192.88.100.0', '192.167.255.255', '192.169.0.0', '198.17.255.255', '198.20.0.0'],
    ['198.51.99.255', '198.51.101.0', '203.0.112.255', '203.0.114.0', '223.255.255.255', '8.8.8.8'],
    [
      '2000::',
      '2001:200::',
      '2001:db7:ffff::',
      '2001:db9::',
      '3ffe::',
      '3fff:1000::',
      '2606:4700:4700::1111',
    ],
    ['::ffff:8.8.8.8', '64:ff9b::8.8.8.8', '2002:808:808::1'],
  ])('lets public addresses pass: %s, %s, %s …', (...addresses) => {
    for (const address of addresses) expect([address, guard.refusal(address)]).toEqual([address, undefined]);
  });

  it('says what an address is', () => {
    expect(guard.refusal('10.1.2.3')).toBe('a private address');
    expect(guard.refusal('::ffff:127.0.0.1')).toBe('a loopback address');
    expect(guard.refusal('2002:a9fe:a9fe::')).toBe('a link-local address');
    expect(guard.refusal('4000::1')).toBe('no public address');
  });

  it('refuses what is no address', () => {
    for (const text of [
      '',
      'localhost',
      'example.com',
      '8.8.8.8.8',
      '8.8.8.256',
      '[2606::1]',
      ':::',
      '1:2',
    ]) {
      expect(guard.refusal(text)).toBe('no IP address');
    }
  });

  it('refuses whatever the library does not call unicast', () => {
    // Anycast services that anybody may reach.
    const reachable = new Set(['unicast', 'as112', 'amt']);
    fc.assert(
      fc.property(ipv4, (address) => {
        if (!reachable.has(ipaddr.IPv4.parse(address).range())) {
          expect(guard.refusal(address)).toBeDefined();
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it.each(Object.entries(WRAPPINGS))('judges %s addresses by the IPv4 address inside', (_name, wrap) => {
    const internal = new AddressGuard(['10.0.0.0/8']);
    fc.assert(
      fc.property(fc.oneof(ipv4, fc.constantFrom('10.1.2.3', '127.0.0.1', '169.254.169.254')), (address) => {
        expect(guard.refusal(wrap(address))).toBe(guard.refusal(address));
        expect(internal.refusal(wrap(address))).toBe(internal.refusal(address));
      }),
    );
  });

  it('lets pass what the configuration opens, and nothing else', () => {
    const opened = new AddressGuard([
      '127.0.0.1/32',
      '10.20.0.0/16',
      '::1/128',
      'fd00::/8',
      '64:ff9b:1::/48',
    ]);
    for (const address of [
      '127.0.0.1',
      '10.20.30.40',
      '::1',
      'fd12::1',
      '64:ff9b:1::a00:1',
      '::ffff:127.0.0.1',
    ]) {
      expect([address, opened.refusal(address)]).toEqual([address, undefined]);
    }
    for (const address of ['127.0.0.2', '10.21.0.0', '::2', 'fc00::1', '169.254.169.254', '64:ff9b:2::1']) {
      expect([address, typeof opened.refusal(address)]).toEqual([address, 'string']);
    }
    expect(new AddressGuard(['0.0.0.0/0']).refusal('169.254.169.254')).toBeUndefined();
    expect(new AddressGuard(['0.0.0.0/0']).refusal('::1')).toBeDefined();
  });
});
