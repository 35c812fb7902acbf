import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { DomainError } from '../../errors/domain-error.js';
import { RateLimitStorage } from './rate-limit-storage.js';

/** The groups of routes that have a limit of their own. */
export const RATE_LIMIT_GROUPS = ['default', 'messages', 'keys'] as const;
export type RateLimitGroup = (typeof RATE_LIMIT_GROUPS)[number] | 'none';

/** Puts a controller or a handler into a group; `none` for probes, which must always get an answer. */
export const RateLimit = Reflector.createDecorator<RateLimitGroup>();

/**
 * Counts each request of a caller and says where it stands in the headers of the IETF draft.
 *
 * @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/
 */
@Injectable()
export class RateLimitGuard implements CanActivate {
  private readonly settings: Config['rateLimit'];

  constructor(
    @Inject(CONFIG) config: Config,
    private readonly reflector: Reflector,
    private readonly storage: RateLimitStorage,
  ) {
    this.settings = config.rateLimit;
  }

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    if (this.settings.mode === 'off') return true;
    const group =
      this.reflector.getAllAndOverride(RateLimit, [context.getHandler(), context.getClass()]) ?? 'default';
    return group === 'none' ? true : this.count(group, context);
  }

  private async count(group: Exclude<RateLimitGroup, 'none'>, context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    const limit = this.settings[group];
    const caller = request.caller?.id ?? request.ip;
    const { remaining, resetIn } = await this.storage.count(
      `${group}:${caller}`,
      limit,
      this.settings.window,
    );
    const seconds = Math.ceil(resetIn / 1000);
    void reply.header(
      'ratelimit-policy',
      `"${group}";q=${limit};w=${Math.ceil(this.settings.window / 1000)}`,
    );
    void reply.header('ratelimit', `"${group}";r=${Math.max(0, remaining)};t=${seconds}`);
    if (remaining >= 0) return true;
    throw tooManyRequests(`More than ${limit} requests to "${group}" within the window.`, seconds);
  }
}

/** The refusal of a caller that asks too often. */
export function tooManyRequests(what: string, retryAfterSeconds: number): DomainError {
  return new DomainError(
    'too_many_requests',
    'rate_limited',
    `${what} Try again in ${retryAfterSeconds} s.`,
    {
      retryAfterSeconds,
    },
  );
}
