import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { DomainError } from '../errors/domain-error.js';
import { tooManyRequests } from '../http/rate-limits/rate-limit.guard.js';
import { RateLimitStorage } from '../http/rate-limits/rate-limit-storage.js';
import { requestContext } from '../logging/request-context.js';
import { Access } from './access.js';
import { Authenticator } from './authenticator.js';
import type { Caller, Scope } from './caller.js';

const BEARER = /^Bearer +([\x21-\x7e]{1,512}) *$/i;

/** Lets a request pass whose key has the scope that the handler asks for. */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly authenticator: Authenticator,
    private readonly storage: RateLimitStorage,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const needed = this.reflector.getAllAndOverride(Access, [context.getHandler(), context.getClass()]);
    if (needed === 'public') return true;
    if (needed === undefined) throw new Error(`${context.getHandler().name} does not say who may call it.`);
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const [, key] = BEARER.exec(request.headers.authorization ?? '') ?? [];
    if (key === undefined) {
      throw new DomainError(
        'unauthenticated',
        'api_key_required',
        'Send an API key: Authorization: Bearer otk_…; the start of an embedded Otklik prints one.',
      );
    }
    const caller = this.authenticator.authenticate(key);
    if (caller instanceof Promise) return caller.then((found) => this.admit(request, found, needed));
    return caller ? this.admitKnown(request, caller, needed) : this.admit(request, caller, needed);
  }

  private async admit(request: FastifyRequest, caller: Caller | undefined, needed: Scope): Promise<boolean> {
    if (caller) return this.admitKnown(request, caller, needed);
    await this.countFailure(request.ip);
    throw new DomainError(
      'unauthenticated',
      'api_key_invalid',
      'The API key is unknown, expired or revoked.',
    );
  }

  private admitKnown(request: FastifyRequest, caller: Caller, needed: Scope): boolean {
    if (!caller.scopes.has(needed)) {
      const has = [...caller.scopes].join(', ') || 'none';
      throw new DomainError(
        'forbidden',
        'scope_missing',
        `This needs the scope ${needed}; the key has: ${has}.`,
      );
    }
    request.caller = caller;
    const origin = requestContext.getStore()?.origin;
    if (origin) origin.caller = caller;
    return true;
  }

  private async countFailure(address: string): Promise<void> {
    const { mode, authFailures, window } = this.config.rateLimit;
    if (mode === 'off') return;
    const { remaining, resetIn } = await this.storage.count(`auth-failures:${address}`, authFailures, window);
    if (remaining < 0)
      throw tooManyRequests('Too many requests with a wrong API key.', Math.ceil(resetIn / 1000));
  }
}
