import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { MaintenanceMode } from './maintenance-mode.js';
import { maintenanceRefusal } from './maintenance-refusal.js';

const READS = new Set(['GET', 'HEAD']);

/** What administrators do to Otklik itself. */
const ADMINISTRATION = /^\/api\/(?:system|api-keys)(?:\/|$)/;

/** Refuses what would change data, while it is maintenance. */
@Injectable()
export class MaintenanceGuard implements CanActivate {
  constructor(
    private readonly maintenance: MaintenanceMode,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const { stay } = this.maintenance;
    if (stay === undefined) return true;
    const { method, routeOptions } = context.switchToHttp().getRequest<FastifyRequest>();
    if (READS.has(method) || ADMINISTRATION.test(routeOptions.url ?? '')) return true;
    throw maintenanceRefusal(stay, this.config.maintenance.retryAfter);
  }
}
