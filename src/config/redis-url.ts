/** A Redis, as `REDIS_URL` names it. */
export interface RedisTarget {
  /** One server, the master that sentinels know, or a cluster. */
  readonly kind: 'server' | 'sentinel' | 'cluster';
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  readonly tls: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly db: number;
  /** What the sentinels call it. */
  readonly master: string | undefined;
  readonly sentinelPassword: string | undefined;
}

const SCHEMES: Readonly<Record<string, Pick<RedisTarget, 'kind' | 'tls'>>> = {
  redis: { kind: 'server', tls: false },
  rediss: { kind: 'server', tls: true },
  'redis+sentinel': { kind: 'sentinel', tls: false },
  'rediss+sentinel': { kind: 'sentinel', tls: true },
  'redis+cluster': { kind: 'cluster', tls: false },
  'rediss+cluster': { kind: 'cluster', tls: true },
};

const FORM =
  /^(?<scheme>rediss?(?:\+sentinel|\+cluster)?):\/\/(?:(?<user>[^:@/?#]*)(?::(?<password>[^@/?#]*))?@)?(?<hosts>[^@/?#]+)(?:\/(?<path>[^?#]*))?(?:\?sentinelPassword=(?<sentinelPassword>[^&#]+))?$/;

const HOST = /^(?<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(?<port>\d{1,5}))?$/;

/**
 * Reads the address of a Redis. Several hosts are separated by commas; in names and passwords, characters that mean
 * something in an address are percent-encoded.
 *
 * @returns what is wrong with it, in words, where it cannot be used; nothing of the address is in them
 */
export function parseRedisUrl(url: string): RedisTarget | string {
  const parts = FORM.exec(url)?.groups;
  const scheme = SCHEMES[parts?.scheme ?? ''];
  if (!parts || !scheme) {
    return 'must look like redis://user:password@host:6379/0, redis+sentinel://host:26379,host:26379/master or redis+cluster://host:6379,host:6379 (with rediss for TLS)';
  }
  const hosts = hostsIn(parts.hosts ?? '', scheme.kind === 'sentinel' ? 26_379 : 6379);
  if (!hosts) return 'has a host or a port that cannot be one';
  if (scheme.kind === 'server' && hosts.length > 1) {
    return 'has several hosts, which needs redis+sentinel:// or redis+cluster://';
  }
  const [first = '', second, ...more] = (parts.path ?? '').split('/');
  const [master, database] = scheme.kind === 'sentinel' ? [first, second] : [undefined, first];
  if (master === '')
    return 'needs the name of the master after the sentinels, as in redis+sentinel://host:26379/mymaster';
  if (more.length > 0 || (scheme.kind !== 'sentinel' && second !== undefined)) return 'has too long a path';
  if (database && !/^\d{1,4}$/.test(database)) return 'has a database that is no number';
  if (scheme.kind === 'cluster' && Number(database ?? 0) > 0)
    return 'names a database, and a cluster has only 0';
  if (parts.sentinelPassword !== undefined && scheme.kind !== 'sentinel') {
    return 'has a sentinelPassword without sentinels';
  }
  const [username, password, sentinelPassword] = [parts.user, parts.password, parts.sentinelPassword].map(
    decoded,
  );
  if ([username, password, sentinelPassword].includes(BROKEN)) return 'has a % that encodes nothing';
  return {
    ...scheme,
    hosts,
    username: username || undefined,
    password: password || undefined,
    db: Number(database || 0),
    master,
    sentinelPassword,
  };
}

const BROKEN = '\0';

function decoded(text: string | undefined): string | undefined {
  try {
    return text && decodeURIComponent(text);
  } catch {
    return BROKEN;
  }
}

function hostsIn(list: string, usualPort: number): RedisTarget['hosts'] | undefined {
  const hosts = list.split(',').map((text) => {
    const { host = '', port } = HOST.exec(text)?.groups ?? {};
    return { host: host.replace(/^\[|\]$/g, ''), port: Number(port ?? usualPort) };
  });
  return hosts.every(({ host, port }) => host !== '' && port > 0 && port < 65_536) ? hosts : undefined;
}
