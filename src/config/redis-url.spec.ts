import { parseRedisUrl } from './redis-url.js';

describe('the address of a Redis', () => {
  it('is of one server, with or without TLS', () => {
    expect(parseRedisUrl('redis://cache')).toEqual({
      kind: 'server',
      tls: false,
      hosts: [{ host: 'cache', port: 6379 }],
      username: undefined,
      password: undefined,
      db: 0,
      master: undefined,
      sentinelPassword: undefined,
    });
    expect(parseRedisUrl('rediss://otklik:p%40ss%3A1@10.0.0.7:6380/3')).toMatchObject({
      tls: true,
      hosts: [{ host: '10.0.0.7', port: 6380 }],
      username: 'otklik',
      password: 'p@ss:1',
      db: 3,
    });
    expect(parseRedisUrl('redis://:secret@[::1]:7000')).toMatchObject({
      hosts: [{ host: '::1', port: 7000 }],
      username: undefined,
      password: 'secret',
    });
  });

  it('is of sentinels and the master they know', () => {
    expect(parseRedisUrl('redis+sentinel://:pw@s1,s2:26380/mymaster/2?sentinelPassword=other')).toMatchObject(
      {
        kind: 'sentinel',
        hosts: [
          { host: 's1', port: 26379 },
          { host: 's2', port: 26380 },
        ],
        password: 'pw',
        master: 'mymaster',
        db: 2,
        sentinelPassword: 'other',
      },
    );
  });

  it('is of a cluster', () => {
    expect(parseRedisUrl('rediss+cluster://n1,n2:7001')).toMatchObject({
      kind: 'cluster',
      tls: true,
      hosts: [
        { host: 'n1', port: 6379 },
        { host: 'n2', port: 7001 },
      ],
    });
  });

  it.each([
    ['http://cache', 'must look like'],
    ['redis://', 'must look like'],
    ['redis://a,b', 'has several hosts'],
    ['redis://cache:70000', 'has a host or a port'],
    ['redis://ca che', 'has a host or a port'],
    ['redis://cache/zero', 'has a database that is no number'],
    ['redis://cache/0/1', 'has too long a path'],
    ['redis://:%zz@cache', 'has a % that encodes nothing'],
    ['redis+sentinel://s1,s2', 'needs the name of the master'],
    ['redis+cluster://n1/2', 'a cluster has only 0'],
    ['redis://cache?sentinelPassword=x', 'without sentinels'],
  ])('%s is refused with words', (url, reason) => {
    expect(parseRedisUrl(url)).toContain(reason);
  });

  it('is refused without showing its password', () => {
    expect(parseRedisUrl('redis://:Vn4kTz8q@a,b')).not.toContain('Vn4kTz8q');
  });
});
