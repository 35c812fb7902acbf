/** Where reports go: `https://key@host/project`. */
export interface Dsn {
  readonly endpoint: string;
  readonly authorization: string;
  /** What may be told of it: it has no secret, a DSN's key only allows to send. */
  readonly public: string;
}

/** @throws Error where it is none */
export function parseDsn(text: string): Dsn {
  const { protocol, username, host, pathname } = new URL(text);
  const at = pathname.lastIndexOf('/');
  const project = pathname.slice(at + 1);
  const prefix = pathname.slice(0, at);
  if (username === '' || project === '')
    throw new Error('SENTRY_DSN must look like https://key@host/project.');
  return {
    endpoint: `${protocol}//${host}${prefix}/api/${project}/envelope/`,
    authorization: `Sentry sentry_version=7, sentry_key=${username}, sentry_client=otklik/1`,
    public: `${protocol}//${username}@${host}${pathname}`,
  };
}
