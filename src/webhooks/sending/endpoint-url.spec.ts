import { checkEndpointUrl, hostOf } from './endpoint-url.js';

const strict = { allowHttp: 'false', allowedCidrs: [] } as const;

describe('the URL of an endpoint', () => {
  it.each([
    'https://example.com',
    'https://example.com:8443/hooks/otklik?team=a%20b&x=1',
    'HTTPS://EXAMPLE.com/',
    'https://пример.рф/х',
    'https://8.8.8.8/',
    'https://[2606:4700::1]:1/',
    'https://example.com:65535/',
    'https://localhost/',
    `https://example.com/${'x'.repeat(2028)}`,
  ])('may be %s', (url) => {
    expect(checkEndpointUrl(url, strict)).toBeUndefined();
  });

  it.each([
    ['', 'absolute URL'],
    ['example.com', 'absolute URL'],
    ['/hooks', 'absolute URL'],
    ['ftp://example.com/', 'absolute URL'],
    ['file:///etc/passwd', 'absolute URL'],
    ['javascript:alert(1)', 'absolute URL'],
    ['https:example.com', 'absolute URL'],
    ['https://', 'absolute URL'],
    ['https:\\\\example.com\\', 'absolute URL'],
    [' https://example.com', 'absolute URL'],
    ['https://exa mple.com', 'absolute URL'],
    ['https://example.com/a\nb', 'absolute URL'],
    ['https://example.com:65536/', 'absolute URL'],
    ['https://1.2.3.256/', 'absolute URL'],
    ['https://[fe80::1%25eth0]/', 'absolute URL'],
    ['http://example.com/', 'must begin with https://'],
    ['https://user@example.com/', 'user name or password'],
    ['https://user:secret@example.com/', 'user name or password'],
    ['https://:secret@example.com/', 'user name or password'],
    ['https://example.com/#top', 'fragment'],
    ['https://example.com/#', 'fragment'],
    ['https://example.com:0/', 'port from 1 to 65535'],
    [`https://example.com/${'x'.repeat(2029)}`, 'at most 2048 characters'],
  ])('must not be %j', (url, reason) => {
    expect(checkEndpointUrl(url, strict)).toContain(reason);
  });

  it.each([
    // decimal, octal, hexadecimal, short, mixed, with a dot at its end, in other digits
    ['https://2130706433/', '127.0.0.1', 'a loopback address'],
    ['https://017700000001/', '127.0.0.1', 'a loopback address'],
    ['https://0x7f000001/', '127.0.0.1', 'a loopback address'],
    ['https://0x7F.1/', '127.0.0.1', 'a loopback address'],
    ['https://127.1/', '127.0.0.1', 'a loopback address'],
    ['https://127.0.1/', '127.0.0.1', 'a loopback address'],
    ['https://0177.0.0.0x1/', '127.0.0.1', 'a loopback address'],
    ['https://127.0.0.1./', '127.0.0.1', 'a loopback address'],
    ['https://①②⑦.0.0.1/', '127.0.0.1', 'a loopback address'],
    ['https://%31%32%37.0.0.1/', '127.0.0.1', 'a loopback address'],
    ['https://0/', '0.0.0.0', 'an address of this network itself'],
    ['https://0xa9fea9fe/latest/meta-data', '169.254.169.254', 'a link-local address'],
    ['https://[::1]/', '::1', 'a loopback address'],
    ['https://[0:0:0:0:0:0:0:1]/', '::1', 'a loopback address'],
    ['https://[::ffff:127.0.0.1]/', '::ffff:7f00:1', 'a loopback address'],
    ['https://[::ffff:7f00:1]/', '::ffff:7f00:1', 'a loopback address'],
    ['https://[64:ff9b::10.0.0.1]/', '64:ff9b::a00:1', 'a private address'],
    ['https://[2002:7f00:1::]/', '2002:7f00:1::', 'a loopback address'],
    ['https://[fd00:ec2::254]:8443/', 'fd00:ec2::254', 'a private address'],
  ])('must not be at an address that is refused, however it is spelt: %s', (url, host, what) => {
    expect(checkEndpointUrl(url, strict)).toBe(
      `must not be at ${host}, which is ${what} (WEBHOOK_ALLOWED_CIDRS can allow it)`,
    );
  });

  it('may be http:// and private where the configuration says so', () => {
    const open = { allowHttp: 'true', allowedCidrs: ['127.0.0.0/8', '::1/128'] } as const;
    for (const url of ['http://127.0.0.1:3000/', 'http://[::1]/', 'https://0x7f.1/', 'http://example.com/']) {
      expect([url, checkEndpointUrl(url, open)]).toEqual([url, undefined]);
    }
    expect(checkEndpointUrl('http://10.0.0.1/', open)).toContain('a private address');
  });

  it('names its host as sockets want it', () => {
    expect(hostOf(new URL('https://[::1]:8443/'))).toBe('::1');
    expect(hostOf(new URL('https://example.com:8443/'))).toBe('example.com');
  });
});
