import { hash } from 'node:crypto';
import { Readable } from 'node:stream';
import { Controller, Get, Param, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { DataSource } from 'typeorm';
import { AuditLog } from '../audit/audit-log.js';
import { Access } from '../auth/access.js';
import { Clock } from '../clock/clock.js';
import { notFound } from '../errors/domain-error.js';
import { ApiTag } from '../http/api-documentation.js';
import { missing, Operation } from '../http/api-operation.js';
import { RateLimit } from '../http/rate-limits/rate-limit.guard.js';
import { Client } from './client.entity.js';
import { type ClientView, clientIdSchema, clientSchema, EXAMPLE_CLIENT } from './client.schemas.js';
import { ClientExport } from './client-export.js';
import { clientExportSchema, EXAMPLE_EXPORT } from './client-export.schemas.js';

@ApiTag('Clients')
@Controller('api/clients')
@RateLimit('messages')
@Access('messages:read')
export class ClientController {
  constructor(
    private readonly dataSource: DataSource,
    private readonly exports: ClientExport,
    private readonly clock: Clock,
    private readonly audit: AuditLog,
  ) {}

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

  @Get(':clientId/export')
  @Operation({
    id: 'exportClient',
    summary: 'Read everything about a client in one document',
    description:
      'Profile, conversations, messages, reminders, escalations, the events about them that are still kept, and the ' +
      'ids of their deliveries. It is written as it is read, however long it is.',
    status: 200,
    answers: {
      200: { description: 'The document.', schema: clientExportSchema, example: EXAMPLE_EXPORT },
    },
    problems: missing('client', EXAMPLE_CLIENT.clientId),
  })
  async export(
    @Param('clientId', { schema: clientIdSchema }) clientId: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const client = await this.find(clientId);
    // The client may be erased one day, and nothing ever is where this stands.
    const after = { clientHash: hash('sha256', clientId) };
    await this.audit.recordAlone({ action: 'client.exported', subject: null, after });
    const document = this.exports.write(client, new Date(this.clock.now()));
    void reply.header('content-type', 'application/json; charset=utf-8').send(Readable.from(document));
  }
}
