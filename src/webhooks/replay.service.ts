import { Injectable } from '@nestjs/common';
import { AuditLog } from '../audit/audit-log.js';
import { Clock, IdGenerator } from '../clock/clock.js';
import { Transactor } from '../database/transactor.js';
import { type InputFault, invalidInput, notFound } from '../errors/domain-error.js';
import type { Page } from '../http/pagination.js';
import type { Replay } from './replay.entity.js';
import { ReplayRepository } from './replay.repository.js';
import type { CreateReplay, ListReplays, ReplayView } from './replay.schemas.js';
import { replayView } from './replay.view.js';
import { WebhookRepository } from './webhook.repository.js';
import { webhookDisabled } from './webhook-disabled.js';
import { WebhookReplays } from './webhook-replays.js';

/** Replays as people deal with them: asked for, and watched. */
@Injectable()
export class ReplayService {
  constructor(
    private readonly replays: ReplayRepository,
    private readonly webhooks: WebhookRepository,
    private readonly process: WebhookReplays,
    private readonly transactor: Transactor,
    private readonly audit: AuditLog,
    private readonly clock: Clock,
    private readonly ids: IdGenerator,
  ) {}

  /**
   * Begins one; it goes on in the background.
   *
   * @throws DomainError `validation_failed` for a range that is empty or in the future; `webhook_disabled`
   */
  async create(webhookId: string, body: CreateReplay): Promise<ReplayView> {
    const now = this.clock.now();
    const since = Date.parse(body.since);
    const until = body.until === undefined ? now : Date.parse(body.until);
    checkRange(since, until, now);
    const webhook = await this.webhooks.find(webhookId);
    if (!webhook) throw notFound('webhook', webhookId);
    if (!webhook.enabled) throw webhookDisabled(webhookId);
    const replay: Replay = {
      id: this.ids.next(),
      webhookId,
      since: new Date(since),
      until: new Date(until),
      eventTypes: body.eventTypes ?? null,
      onlyFailed: body.onlyFailed ?? false,
      lastEventId: null,
      replayed: 0,
      createdAt: new Date(now),
      finishedAt: null,
    };
    await this.transactor.run(async (tx) => {
      await this.replays.insert(tx, replay);
      const { since: from, until: to, eventTypes, onlyFailed } = replayView(replay);
      const after = { replayId: replay.id, since: from, until: to, eventTypes, onlyFailed };
      await this.audit.record(tx, { action: 'webhook.replayed', subject: webhookId, after });
    });
    this.process.wake();
    return replayView(replay);
  }

  async list(webhookId: string, query: ListReplays): Promise<Page<ReplayView>> {
    if (!(await this.webhooks.find(webhookId))) throw notFound('webhook', webhookId);
    return this.replays.list(webhookId, query, replayView);
  }

  async find(webhookId: string, id: string): Promise<ReplayView> {
    const webhook = await this.webhooks.find(webhookId);
    const replay = webhook && (await this.replays.find(webhookId, id));
    if (!replay) throw notFound('replay', id);
    return replayView(replay);
  }
}

function checkRange(since: number, until: number, now: number): void {
  const future = `must not be in the future: it is ${new Date(now).toISOString()}`;
  const errors: InputFault[] = [];
  if (since > now) errors.push({ path: 'since', message: future });
  else if (since >= until) errors.push({ path: 'since', message: 'must be before `until`' });
  if (until > now) errors.push({ path: 'until', message: future });
  if (errors.length > 0) throw invalidInput(errors);
}
