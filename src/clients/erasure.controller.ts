import { Controller, Delete, Get, Param } from '@nestjs/common';
import { Access } from '../auth/access.js';
import { ApiTag } from '../http/api-documentation.js';
import { missing, Operation } from '../http/api-operation.js';
import { idOf } from '../http/path-parameters.js';
import { RateLimit } from '../http/rate-limits/rate-limit.guard.js';
import { clientIdSchema, EXAMPLE_CLIENT } from './client.schemas.js';
import { type ErasureView, EXAMPLE_ERASURE, erasureSchema } from './erasure.schemas.js';
import { ErasureService } from './erasure.service.js';

const erasureId = idOf('erasure', EXAMPLE_ERASURE.id);

@ApiTag('Clients')
@Controller('api')
@RateLimit('default')
export class ErasureController {
  constructor(private readonly erasures: ErasureService) {}

  @Delete('clients/:clientId')
  @Access('system:manage')
  @Operation({
    id: 'eraseClient',
    summary: 'Erase a client',
    description:
      'The client is gone at once; all that was about it is deleted behind that: conversations, messages, reminders, ' +
      'escalations, idempotency keys, events, and deliveries with their attempts, also those that were not sent yet. ' +
      '`client.erased` tells when nothing is left. Who writes under the same `clientId` afterwards is a new client.',
    status: 202,
    answers: {
      202: { description: 'It has begun.', schema: erasureSchema, example: EXAMPLE_ERASURE },
    },
    problems: missing('client', EXAMPLE_CLIENT.clientId),
  })
  erase(@Param('clientId', { schema: clientIdSchema }) clientId: string): Promise<ErasureView> {
    return this.erasures.begin(clientId);
  }

  @Get('erasures/:id')
  @Access('system:read')
  @Operation({
    id: 'getErasure',
    summary: 'Read how far an erasure is',
    status: 200,
    answers: {
      200: {
        description: 'The erasure.',
        schema: erasureSchema,
        example: { ...EXAMPLE_ERASURE, finishedAt: '2026-11-21T09:30:00.480Z' },
      },
    },
    problems: missing('erasure', EXAMPLE_ERASURE.id),
  })
  find(@Param('id', { schema: erasureId }) id: string): Promise<ErasureView> {
    return this.erasures.find(id);
  }
}
