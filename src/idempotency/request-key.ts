import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { idempotencyKey } from './idempotency-key.js';

/** The idempotency key that a request came with. Keys belong to callers: two of them can use the same text. */
export interface RequestKey {
  readonly ownerId: string;
  readonly key: string;
}

/** What a request made, or what an earlier one with its key had made already. */
export interface Once<T> {
  readonly made: T;
  readonly isReplay: boolean;
}

/** The request's key, in a handler's parameters; undefined: it has none. */
export const CurrentKey = createParamDecorator(
  (_: unknown, context: ExecutionContext): RequestKey | undefined => {
    const { caller, headers } = context.switchToHttp().getRequest<FastifyRequest>();
    if (!caller) throw new Error('A public handler asked for an idempotency key.');
    const key = idempotencyKey(headers);
    return key === undefined ? undefined : { ownerId: caller.id, key };
  },
);

/** The body of the answer; one that was given before is marked as such. */
export function answerOnce<T>({ made, isReplay }: Once<T>, reply: FastifyReply): T {
  if (isReplay) void reply.status(200).header('idempotent-replayed', 'true');
  return made;
}
