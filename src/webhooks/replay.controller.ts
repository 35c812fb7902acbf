import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { Access } from '../auth/access.js';
import { ApiTag } from '../http/api-documentation.js';
import { BODY_PROBLEMS, missing, Operation } from '../http/api-operation.js';
import type { Page } from '../http/pagination.js';
import { idOf } from '../http/path-parameters.js';
import { RateLimit } from '../http/rate-limits/rate-limit.guard.js';
import {
  type CreateReplay,
  createReplaySchema,
  EXAMPLE_REPLAY,
  type ListReplays,
  listReplaysSchema,
  type ReplayView,
  replayPageSchema,
  replaySchema,
} from './replay.schemas.js';
import { ReplayService } from './replay.service.js';

const webhookId = idOf('webhook', EXAMPLE_REPLAY.webhookId);
const replayId = idOf('replay', EXAMPLE_REPLAY.id);
const MISSING = missing('webhook', EXAMPLE_REPLAY.webhookId);

@ApiTag('Webhooks')
@Controller('api/webhooks/:id')
@RateLimit('default')
@Access('webhooks:manage')
export class ReplayController {
  constructor(private readonly replays: ReplayService) {}

  @Post('replay')
  @Operation({
    id: 'replayWebhook',
    summary: 'Tell a webhook once more what happened',
    description:
      'In the background, a batch of `WEBHOOK_REPLAY_BATCH_SIZE` at a time. Of what the webhook subscribed to, ' +
      'deliveries that are over are sent once more, with the `webhook-id` that they had; those that were never made, ' +
      'because the webhook was disabled or not there yet, are made; those that are pending stay as they are. Where ' +
      'the webhook is `ordered`, the events of a conversation come in their order.',
    status: 202,
    answers: {
      202: {
        description: 'The replay, which goes on.',
        schema: replaySchema,
        example: { ...EXAMPLE_REPLAY, replayed: 0, progress: 0 },
      },
    },
    problems: {
      ...MISSING,
      409: {
        when: 'The webhook is disabled.',
        code: 'webhook_disabled',
        detail: `The webhook ${EXAMPLE_REPLAY.webhookId} is disabled: enable it first, then what it missed can be replayed.`,
      },
      ...BODY_PROBLEMS,
    },
  })
  create(
    @Param('id', { schema: webhookId }) id: string,
    @Body({ schema: createReplaySchema }) body: CreateReplay,
  ): Promise<ReplayView> {
    return this.replays.create(id, body);
  }

  @Get('replays')
  @Operation({
    id: 'listReplays',
    summary: 'List the replays of a webhook',
    description: 'Newest first; those that are finished are kept for `WEBHOOK_RETENTION`.',
    status: 200,
    answers: {
      200: {
        description: 'A page of replays.',
        schema: replayPageSchema,
        example: { data: [EXAMPLE_REPLAY], nextCursor: null },
      },
    },
    problems: MISSING,
  })
  list(
    @Param('id', { schema: webhookId }) id: string,
    @Query({ schema: listReplaysSchema }) query: ListReplays,
  ): Promise<Page<ReplayView>> {
    return this.replays.list(id, query);
  }

  @Get('replays/:replayId')
  @Operation({
    id: 'getReplay',
    summary: 'Read how far a replay is',
    status: 200,
    answers: {
      200: { description: 'The replay.', schema: replaySchema, example: EXAMPLE_REPLAY },
    },
    problems: missing('replay', EXAMPLE_REPLAY.id),
  })
  find(
    @Param('id', { schema: webhookId }) id: string,
    @Param('replayId', { schema: replayId }) replay: string,
  ): Promise<ReplayView> {
    return this.replays.find(id, replay);
  }
}
