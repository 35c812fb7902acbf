import { Injectable } from '@nestjs/common';

/** Tells whoever waits for events in this process that some were committed. */
@Injectable()
export class OutboxSignal {
  private readonly listeners = new Set<() => void>();

  /** @returns what ends the listening */
  listen(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Called after the commit of whatever wrote events; cheap, and as often as there are commits. */
  raise(): void {
    for (const listener of this.listeners) listener();
  }
}
