import { Body, Controller, Get, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Access } from '../auth/access.js';
import { ApiTag } from '../http/api-documentation.js';
import { BODY_PROBLEMS, missing, Operation } from '../http/api-operation.js';
import type { Page } from '../http/pagination.js';
import { idOf } from '../http/path-parameters.js';
import { RateLimit } from '../http/rate-limits/rate-limit.guard.js';
import { ClaimService } from './claim.service.js';
import {
  type Claim,
  claimSchema,
  type Escalate,
  type EscalationView,
  EXAMPLE_ESCALATION,
  escalateSchema,
  escalationPageSchema,
  escalationSchema,
  type ListEscalations,
  listEscalationsSchema,
} from './escalation.schemas.js';
import { EscalationService } from './escalation.service.js';

const escalationId = idOf('escalation', EXAMPLE_ESCALATION.id);
const conversationId = idOf('conversation', EXAMPLE_ESCALATION.conversationId);
const MISSING = missing('escalation', EXAMPLE_ESCALATION.id);

const BY_HAND: EscalationView = { ...EXAMPLE_ESCALATION, reason: 'manual', note: 'Asks for a manager.' };

const CLAIMED: EscalationView = {
  ...EXAMPLE_ESCALATION,
  status: 'claimed',
  operatorId: 'maria',
  claimedAt: '2026-11-21T09:02:00.000Z',
  claimExpiresAt: '2026-11-21T09:32:00.000Z',
};

@ApiTag('Escalations')
@Controller('api')
@RateLimit('messages')
export class EscalationController {
  constructor(
    private readonly escalations: EscalationService,
    private readonly claims: ClaimService,
  ) {}

  @Get('escalations')
  @Access('messages:read')
  @Operation({
    id: 'listEscalations',
    summary: 'List the escalation queue',
    description: 'The most urgent first, then the oldest; what is resolved is not in it.',
    status: 200,
    answers: {
      200: {
        description: 'A page of escalations.',
        schema: escalationPageSchema,
        example: { data: [CLAIMED], nextCursor: null },
      },
    },
  })
  list(@Query({ schema: listEscalationsSchema }) query: ListEscalations): Promise<Page<EscalationView>> {
    return this.escalations.list(query);
  }

  @Post('escalations/claim')
  @Access('conversations:write')
  @Operation({
    id: 'claimEscalation',
    summary: 'Claim the next escalation',
    description:
      'The most urgent that waits, the oldest of them. It is given to one operator only, and goes back to the queue ' +
      'unless its client is answered within `ESCALATION_CLAIM_TIMEOUT`.',
    status: 200,
    answers: {
      200: { description: 'The escalation.', schema: escalationSchema, example: CLAIMED },
      204: { description: 'None waits.' },
    },
    problems: BODY_PROBLEMS,
  })
  async claim(
    @Body({ schema: claimSchema }) body: Claim,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<EscalationView | undefined> {
    const claimed = await this.claims.claim(body);
    if (!claimed) void reply.status(204);
    return claimed;
  }

  @Get('escalations/:id')
  @Access('messages:read')
  @Operation({
    id: 'getEscalation',
    summary: 'Read an escalation',
    status: 200,
    answers: {
      200: { description: 'The escalation.', schema: escalationSchema, example: EXAMPLE_ESCALATION },
    },
    problems: MISSING,
  })
  find(@Param('id', { schema: escalationId }) id: string): Promise<EscalationView> {
    return this.escalations.find(id);
  }

  @Post('escalations/:id/release')
  @Access('conversations:write')
  @Operation({
    id: 'releaseEscalation',
    summary: 'Give a claimed escalation back',
    description: 'It waits again, at the place in the queue that it had.',
    status: 200,
    answers: {
      200: { description: 'The escalation.', schema: escalationSchema, example: EXAMPLE_ESCALATION },
    },
    problems: {
      ...MISSING,
      409: {
        when: 'Nobody has claimed it, or it is resolved (`escalation_resolved`).',
        code: 'escalation_not_claimed',
        detail: `Nobody has claimed the escalation ${EXAMPLE_ESCALATION.id}.`,
      },
    },
  })
  release(@Param('id', { schema: escalationId }) id: string): Promise<EscalationView> {
    return this.claims.release(id);
  }

  @Post('conversations/:id/escalate')
  @Access('conversations:write')
  @Operation({
    id: 'escalateConversation',
    summary: 'Escalate a conversation',
    description:
      'Puts it into the queue of those that need a human now, at its priority. A conversation has one open ' +
      'escalation at most: one that is escalated already keeps its own, as it is.',
    status: 201,
    answers: {
      201: { description: 'The new escalation.', schema: escalationSchema, example: BY_HAND },
      200: {
        description: 'It is escalated already: that escalation, with its own note.',
        schema: escalationSchema,
        example: CLAIMED,
      },
    },
    problems: {
      ...missing('conversation', EXAMPLE_ESCALATION.conversationId),
      409: {
        when: 'The conversation is closed.',
        code: 'conversation_closed',
        detail: `The conversation ${EXAMPLE_ESCALATION.conversationId} is closed.`,
      },
      ...BODY_PROBLEMS,
    },
  })
  async escalate(
    @Param('id', { schema: conversationId }) id: string,
    @Body({ schema: escalateSchema }) body: Escalate,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<EscalationView> {
    const { isNew, escalation } = await this.escalations.escalate(id, body);
    if (!isNew) void reply.status(200);
    return escalation;
  }
}
