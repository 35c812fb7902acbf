import { Injectable } from '@nestjs/common';
import { DomainError } from '../errors/domain-error.js';

/** How requests fare while the process goes: first it says that it is going, then it lets no more in. */
@Injectable()
export class ShutdownGate {
  private state: 'open' | 'announced' | 'closed' = 'open';

  /** From now on the process is not ready; requests that come all the same are served. */
  announce(): void {
    this.state = 'announced';
  }

  /** From now on, what still comes in over open connections is refused; what runs goes on. */
  close(): void {
    this.state = 'closed';
  }

  get isOpen(): boolean {
    return this.state === 'open';
  }

  get isClosed(): boolean {
    return this.state === 'closed';
  }

  /** The refusal of a request, where it came too late. */
  refusal(): DomainError | undefined {
    if (this.state !== 'closed') return undefined;
    return new DomainError(
      'unavailable',
      'shutting_down',
      'This process is shutting down. Try again: another one answers.',
      { retryAfterSeconds: 1 },
    );
  }
}
