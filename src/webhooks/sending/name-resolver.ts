import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { Injectable } from '@nestjs/common';

/** Finds the addresses of a name. Injected, so that a test can let a name point anywhere. */
export abstract class NameResolver {
  /** All of them, in the order in which they should be tried. */
  abstract resolve(name: string): Promise<readonly LookupAddress[]>;
}

/**
 * Asks as every program on this computer does, hosts file and search domains included. That takes one of the few
 * threads of libuv, which a dead name server holds for long: so each name takes one at most.
 */
@Injectable()
export class SystemNameResolver extends NameResolver {
  private readonly running = new Map<string, Promise<readonly LookupAddress[]>>();

  override resolve(name: string): Promise<readonly LookupAddress[]> {
    const running = this.running.get(name);
    if (running) return running;
    const started = lookup(name, { all: true, order: 'verbatim' }).finally(() => this.running.delete(name));
    this.running.set(name, started);
    return started;
  }
}
