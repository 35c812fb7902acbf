import { Client, type Dispatcher } from 'undici';

/** How far a connection is: tells in which step an attempt ran out of time. */
export type ConnectionPhase = 'looking_up' | 'connecting' | 'securing' | 'open';

/** What an attempt can be told about the connection that it uses. */
export interface ConnectionState {
  phase: ConnectionPhase;
  /** The IP address at the other end; null while there is none. */
  address: string | null;
}

/** Whoever wants to know which connection a request of its went over. */
export interface ConnectionUser extends Dispatcher.DispatchHandler {
  connection: ConnectionState | null;
}

type Connector = Extract<Client.Options['connect'], (...values: never[]) => void>;

/** One connection of undici's pools that introduces itself to each request; undici itself tells nobody. */
export class Connection extends Client {
  constructor(
    origin: URL | string,
    options: Client.Options,
    private readonly state: ConnectionState,
    connect: Connector,
  ) {
    super(origin, { ...options, connect });
  }

  override dispatch(options: Dispatcher.DispatchOptions, user: ConnectionUser): boolean {
    user.connection = this.state;
    return super.dispatch(options, user);
  }
}
