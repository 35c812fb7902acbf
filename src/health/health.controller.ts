import { Controller, Get, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Access } from '../auth/access.js';
import { ApiTag } from '../http/api-documentation.js';
import { Operation } from '../http/api-operation.js';
import { RateLimit } from '../http/rate-limits/rate-limit.guard.js';
import {
  EXAMPLE_DATABASE_HEALTH,
  EXAMPLE_DATABASE_UNHEALTH,
  EXAMPLE_FULL_HEALTH,
  EXAMPLE_HEALTH,
  EXAMPLE_LIVENESS,
  EXAMPLE_NOT_CONFIGURED,
  EXAMPLE_NOT_READY,
  EXAMPLE_SCHEDULER_HEALTH,
  EXAMPLE_SCHEDULER_UNHEALTH,
  EXAMPLE_UNHEALTH,
  EXAMPLE_WEBHOOK_HEALTH,
  EXAMPLE_WEBHOOK_UNHEALTH,
  type Health,
  healthSchema,
} from './health.schemas.js';
import { HealthService } from './health.service.js';

/** A health route: the same for probes and people, open to both. */
function HealthOperation(
  id: string,
  summary: string,
  description: string,
  [healthy, unhealthy]: readonly [Health, Health],
): MethodDecorator {
  return Operation({
    id,
    summary,
    description,
    status: 200,
    isPublic: true,
    isUnlimited: true,
    answers: {
      200: { description: 'Healthy or degraded.', schema: healthSchema, example: healthy },
      503: { description: 'Unhealthy, or shutting down.', schema: healthSchema, example: unhealthy },
    },
  });
}

@ApiTag('Health')
@Controller('health')
@Access('public')
@RateLimit('none')
export class HealthController {
  constructor(private readonly health: HealthService) {}

  @Get()
  @HealthOperation('getHealth', 'How Otklik is', 'Whether it does its work.', [
    EXAMPLE_HEALTH,
    EXAMPLE_UNHEALTH,
  ])
  async overall(@Res({ passthrough: true }) reply: FastifyReply): Promise<Health> {
    return withStatus(reply, await this.health.overall());
  }

  @Get('live')
  @HealthOperation('getLiveness', 'Whether the process works', 'Asks nothing outside the process.', [
    EXAMPLE_LIVENESS,
    EXAMPLE_LIVENESS,
  ])
  live(): Promise<Health> {
    return this.health.live();
  }

  @Get('ready')
  @HealthOperation(
    'getReadiness',
    'Whether to send requests here',
    'Turns unhealthy first at a shutdown, and stays so during maintenance.',
    [EXAMPLE_DATABASE_HEALTH, EXAMPLE_NOT_READY],
  )
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<Health> {
    return withStatus(reply, await this.health.ready());
  }

  @Get('full')
  @HealthOperation(
    'getFullHealth',
    'How each part of Otklik is',
    'All parts, as the process sees them that answers.',
    [EXAMPLE_FULL_HEALTH, { ...EXAMPLE_FULL_HEALTH, ...EXAMPLE_UNHEALTH }],
  )
  async full(@Res({ passthrough: true }) reply: FastifyReply): Promise<Health> {
    return withStatus(reply, await this.health.full());
  }

  @Get('redis')
  @HealthOperation('getRedisHealth', 'How Redis is', 'Never unhealthy: Otklik works without it.', [
    EXAMPLE_NOT_CONFIGURED('redis', 'REDIS_URL is not set'),
    EXAMPLE_NOT_CONFIGURED('redis', 'REDIS_URL is not set'),
  ])
  async redis(@Res({ passthrough: true }) reply: FastifyReply): Promise<Health> {
    return withStatus(reply, await this.health.of('redis'));
  }

  @Get('openai')
  @HealthOperation(
    'getOpenaiHealth',
    'How the language model is',
    'Without `OPENAI_API_KEY` it says `not_configured`.',
    [
      EXAMPLE_NOT_CONFIGURED('openai', 'OPENAI_API_KEY is not set'),
      {
        status: 'unhealthy',
        checks: { openai: { status: 'unhealthy', latencyMs: 0, message: 'the breaker is open' } },
      },
    ],
  )
  async openai(@Res({ passthrough: true }) reply: FastifyReply): Promise<Health> {
    return withStatus(reply, await this.health.of('openai'));
  }

  @Get('database')
  @HealthOperation('getDatabaseHealth', 'How the database is', 'With the state of the connection pool.', [
    EXAMPLE_DATABASE_HEALTH,
    EXAMPLE_DATABASE_UNHEALTH,
  ])
  async database(@Res({ passthrough: true }) reply: FastifyReply): Promise<Health> {
    return withStatus(reply, await this.health.of('database'));
  }

  @Get('scheduler')
  @HealthOperation(
    'getSchedulerHealth',
    'Whether reminders are sent in time',
    'As the process sees it that answers; one without the role `worker` says `not_configured`.',
    [EXAMPLE_SCHEDULER_HEALTH, EXAMPLE_SCHEDULER_UNHEALTH],
  )
  async scheduler(@Res({ passthrough: true }) reply: FastifyReply): Promise<Health> {
    return withStatus(reply, await this.health.of('scheduler'));
  }

  @Get('webhook')
  @HealthOperation(
    'getWebhookHealth',
    'Whether events reach the endpoints in time',
    'Of the whole installation; without endpoints it says `not_configured`.',
    [EXAMPLE_WEBHOOK_HEALTH, EXAMPLE_WEBHOOK_UNHEALTH],
  )
  async webhook(@Res({ passthrough: true }) reply: FastifyReply): Promise<Health> {
    return withStatus(reply, await this.health.of('webhook'));
  }
}

function withStatus(reply: FastifyReply, health: Health): Health {
  void reply.status(health.status === 'unhealthy' ? 503 : 200);
  return health;
}
