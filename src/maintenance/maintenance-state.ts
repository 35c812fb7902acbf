import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../clock/clock.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { Notifications } from '../database/notifications.js';
import { LOG, type Log } from '../logging/log.js';
import { BackgroundProcesses } from '../processes/background-processes.js';
import { errorMessage } from '../resilience/error-code.js';
import { MaintenanceRepository, type Stay } from './maintenance.repository.js';
import { maintenanceRefusal } from './maintenance-refusal.js';

const CHANNEL = 'otklik_maintenance';

/**
 * Whether it is maintenance, as this process knows: read before the first request, when another process says that
 * something changed, and from time to time. While the database does not answer, the last that was heard holds.
 */
@Injectable()
export class MaintenanceState implements OnModuleInit, OnApplicationShutdown {
  /** What goes on; undefined: no maintenance. */
  stay: Stay | undefined;
  private looking: Promise<void> = Promise.resolve();
  private stopLooking: () => void = () => undefined;
  private stopped = false;

  constructor(
    private readonly stays: MaintenanceRepository,
    private readonly notifications: Notifications,
    private readonly processes: BackgroundProcesses,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOG) private readonly log: Log,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.look();
    this.lookLater();
    await this.notifications.listen(CHANNEL, {
      heard: () => this.lookNow(),
      missed: () => this.lookNow(),
    });
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    this.stopLooking();
    await this.looking;
  }

  /** Has all processes look, once the transaction is committed. */
  async announce(tx: EntityManager): Promise<void> {
    await this.notifications.notify(CHANNEL, '', tx);
  }

  /** Reads it. One after the other, so that what was read first is never taken for the newest. */
  look(): Promise<void> {
    const turn = this.looking.then(() => this.read());
    this.looking = turn.catch(() => undefined);
    return turn;
  }

  private async read(): Promise<void> {
    const stay = await this.stays.read();
    if (stay?.id === this.stay?.id) return;
    this.stay = stay;
    if (stay) this.processes.hold(() => maintenanceRefusal(stay, this.config.maintenance.retryAfter));
    else this.processes.release();
    this.log.info(
      stay ? { reason: stay.reason, by: stay.enteredBy } : {},
      `maintenance ${stay ? 'on' : 'off'}`,
    );
  }

  private lookLater(): void {
    if (this.stopped) return;
    const { checkInterval } = this.config.maintenance;
    this.stopLooking = this.clock.wakeAt(this.clock.now() + checkInterval, () => this.lookNow());
  }

  private lookNow(): void {
    if (this.stopped) return;
    this.stopLooking();
    this.look()
      .catch((error) => this.log.debug(`Whether it is maintenance was not read: ${errorMessage(error)}`))
      .finally(() => this.lookLater());
  }
}
