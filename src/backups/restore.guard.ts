import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Clock } from '../clock/clock.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { DomainError } from '../errors/domain-error.js';
import { restoreReason } from './backup-acts.js';
import { BackupRunRepository } from './backup-run.repository.js';

const READS = new Set(['GET', 'HEAD']);

/**
 * What goes on in maintenance, and is answered by what the restore takes away; and the one thing besides that no lock
 * of the restore keeps from happening, because workers that finish what they do write to the same table.
 */
const ASKED = /^\/api\/(?:system|api-keys|deliveries)(?:\/|$)/;

/** What of it stores nothing that a restore would not carry over. */
const GOES_ON = /^\/api\/system\/(?:maintenance|cache|health|backup\/(?:create|verify|restore))(?:\/|$)/;

/**
 * Refuses what administrators change while a backup is being restored: it would be lost, like what clients send in,
 * which maintenance keeps away. It asks the database, because a process may not have heard of the restore yet; few
 * requests are of this kind.
 */
@Injectable()
export class RestoreGuard implements CanActivate {
  constructor(
    private readonly runs: BackupRunRepository,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const { method, routeOptions, body } = context.switchToHttp().getRequest<FastifyRequest>();
    const route = routeOptions.url ?? '';
    if (READS.has(method) || !ASKED.test(route)) return true;
    return (GOES_ON.test(route) && !isLeaving(body)) || this.admit();
  }

  private async admit(): Promise<boolean> {
    const filename = await this.runs.beingRestored(new Date(this.clock.now()));
    if (filename === undefined) return true;
    throw new DomainError(
      'unavailable',
      'maintenance',
      `What is changed now would be lost: send this again later. The reason: ${restoreReason(filename)}`,
      { retryAfterSeconds: this.config.maintenance.retryAfter / 1000 },
    );
  }
}

/** Whether somebody would end maintenance, which lets in again what the restore takes back. */
function isLeaving(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'enabled' in body && body.enabled === false;
}
