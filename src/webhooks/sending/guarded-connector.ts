import { isIP, type LookupFunction, type Socket } from 'node:net';
import { buildConnector } from 'undici';
import type { AddressGuard } from './address-guard.js';
import type { ConnectionState } from './connection.js';
import type { NameResolver } from './name-resolver.js';

/** The code of the error when an address may not be reached. */
export const ADDRESS_REFUSED = 'WEBHOOK_ADDRESS_REFUSED';
/** The code of the error when a connection did not come about in time. */
export const CONNECT_TIMEOUT = 'WEBHOOK_CONNECT_TIMEOUT';

/**
 * How long one of several addresses may take before the next is tried, in milliseconds; the last has all the time
 * there is. Node's 250 are little for a receiver at the other end of the world.
 */
const NEXT_ADDRESS_AFTER = 500;
const CACHED_TLS_SESSIONS = 1_000;

type Options = buildConnector.Options;

/**
 * Opens connections to allowed addresses only. The addresses of a name are looked up once, all of them are checked,
 * and the socket gets these very addresses: there is no second look-up that could say something else.
 */
export class GuardedConnector {
  private readonly sockets = new Set<Socket>();
  private readonly open: ReturnType<typeof buildConnector>;

  /** @param timeout milliseconds, from the look-up to the end of the TLS handshake */
  constructor(
    private readonly guard: AddressGuard,
    private readonly resolver: NameResolver,
    private readonly timeout: number,
  ) {
    this.open = buildConnector({
      // HTTP/2 would put all attempts of an endpoint into one connection, and one cut answer would end them all.
      allowH2: false,
      maxCachedSessions: CACHED_TLS_SESSIONS,
      // undici's own timer is too coarse for short deadlines.
      timeout: 0,
      autoSelectFamily: true,
      autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_AFTER,
      lookup: this.lookUp,
    } as buildConnector.BuildOptions);
  }

  /** How many connections there are, those included that are being made. */
  get count(): number {
    return this.sockets.size;
  }

  connect(state: ConnectionState, options: Options, done: buildConnector.Callback): void {
    state.address = null;
    const isLiteral = isIP(options.hostname) !== 0;
    const refusal = isLiteral ? this.guard.refusal(options.hostname) : undefined;
    if (refusal !== undefined) {
      process.nextTick(done, refused(`${options.hostname} is ${refusal}`), null);
      return;
    }
    state.phase = isLiteral ? 'connecting' : 'looking_up';
    // What undici returns here is the socket; its types keep that to themselves.
    const socket = this.open(options, done) as unknown as Socket;
    this.watch(socket, state, options);
  }

  /** Ends every connection that is left. */
  close(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  private watch(socket: Socket, state: ConnectionState, { protocol }: Options): void {
    this.sockets.add(socket);
    const isSecure = protocol === 'https:';
    const timer = setTimeout(() => socket.destroy(timedOut()), this.timeout);
    socket
      .once('lookup', () => {
        state.phase = 'connecting';
      })
      .once('connect', () => {
        state.address = socket.remoteAddress ?? null;
        state.phase = isSecure ? 'securing' : 'open';
      })
      .once(isSecure ? 'secureConnect' : 'connect', () => {
        state.phase = 'open';
        clearTimeout(timer);
      })
      .once('close', () => {
        clearTimeout(timer);
        this.sockets.delete(socket);
      });
  }

  /**
   * One address that may not be reached is enough to refuse the name: which of them the socket would take depends on
   * its order and on what answers, and a name that mixes public and private addresses is how a guard is tricked.
   */
  private readonly lookUp: LookupFunction = (name, options, done) => {
    this.resolver.resolve(name).then(
      (addresses) => {
        for (const { address } of addresses) {
          const refusal = this.guard.refusal(address);
          if (refusal !== undefined) {
            done(refused(`${name} is at ${address}, which is ${refusal}`), []);
            return;
          }
        }
        const [first] = addresses;
        if (first === undefined) done(Object.assign(new Error(name), { code: 'ENOTFOUND' }), []);
        else if (options.all) done(null, [...addresses]);
        else done(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => done(error, []),
    );
  };
}

function refused(what: string): NodeJS.ErrnoException {
  return Object.assign(new Error(what), { code: ADDRESS_REFUSED });
}

function timedOut(): NodeJS.ErrnoException {
  return Object.assign(new Error('No connection came about in time.'), { code: CONNECT_TIMEOUT });
}
