import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import type { Caller, Scope } from './caller.js';

/** Says who may call a handler: holders of a scope, or anybody (`public`). A handler without it may not be called. */
export const Access = Reflector.createDecorator<Scope | 'public'>();

/** The caller, in a handler's parameters. */
export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const { caller } = context.switchToHttp().getRequest<FastifyRequest>();
  if (!caller) throw new Error('A public handler asked for its caller.');
  return caller;
});
