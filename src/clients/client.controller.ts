import { Controller, Get, Param } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { DataSource } from 'typeorm';
import { Access } from '../auth/access.js';
import { notFound } from '../errors/domain-error.js';
import { missing, Operation } from '../http/api-operation.js';
import { RateLimit } from '../http/rate-limits/rate-limit.guard.js';

import { Client } from './client.entity.js';
import { type ClientView, clientIdSchema, clientSchema, EXAMPLE_CLIENT } from './client.schemas.js';

@ApiTags('Clients')
@Controller('api/clients')
@RateLimit('messages')
@Access('messages:read')
export class ClientController {
  constructor(private readonly dataSource: DataSource) {}

  @Get(':clientId')
  @Operation({
    id: 'getClient',
    summary: 'Read what is known of a client',
    status: 200,
    answers: { 200: { description: 'The client.', schema: clientSchema, example: EXAMPLE_CLIENT } },
    problems: missing('client', EXAMPLE_CLIENT.clientId),
  })
  async find(@Param('clientId', { schema: clientIdSchema }) clientId: string): Promise<ClientView> {
    const client = await this.dataSource.manager.findOneBy(Client, { id: clientId });
    if (!client) throw notFound('client', clientId);
    const { id, firstSeenAt, lastSeenAt, ...profile } = client;
    return {
      clientId: id,
      ...profile,
      firstSeenAt: firstSeenAt.toISOString(),
      lastSeenAt: lastSeenAt.toISOString(),
    };
  }
}
