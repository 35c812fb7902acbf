import type { Escalation } from './escalation.entity.js';
import type { EscalationStatus, EscalationView } from './escalation.schemas.js';

/** An entry of the queue, with the client of its conversation. */
export interface QueuedEscalation extends Escalation {
  readonly clientId: string;
}

export function escalationView(escalation: QueuedEscalation): EscalationView {
  return {
    id: escalation.id,
    conversationId: escalation.conversationId,
    clientId: escalation.clientId,
    status: statusOf(escalation),
    priority: escalation.priority,
    reason: escalation.reason,
    level: escalation.level,
    note: escalation.note,
    createdAt: escalation.createdAt.toISOString(),
    operatorId: escalation.operatorId,
    claimedAt: escalation.claimedAt?.toISOString() ?? null,
    claimExpiresAt: escalation.claimExpiresAt?.toISOString() ?? null,
    resolvedAt: escalation.resolvedAt?.toISOString() ?? null,
    resolution: escalation.resolution,
  };
}

function statusOf({ resolvedAt, claimedAt }: Escalation): EscalationStatus {
  if (resolvedAt) return 'resolved';
  return claimedAt ? 'claimed' : 'waiting';
}
