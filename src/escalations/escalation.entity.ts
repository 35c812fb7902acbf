import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Priority } from '../conversations/priority.js';
import type { EscalationReason, Resolution } from './escalation.schemas.js';

/** A conversation's place in the queue of those that need a human now. A conversation has one open entry at most. */
@Entity('escalations')
export class Escalation {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'conversation_id' })
  conversationId!: string;

  @Column('text')
  priority!: Priority;

  @Column('text')
  reason!: EscalationReason;

  /** Of the reminder that escalated it. */
  @Column('integer', { nullable: true })
  level!: number | null;

  @Column('text', { nullable: true })
  note!: string | null;

  /** Its place among those of the same priority; it keeps it when a claim is given back. */
  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  /** Who has claimed it; kept once it is resolved. */
  @Column('text', { name: 'operator_id', nullable: true })
  operatorId!: string | null;

  @Column('timestamptz', { name: 'claimed_at', nullable: true })
  claimedAt!: Date | null;

  @Column('timestamptz', { name: 'claim_expires_at', nullable: true })
  claimExpiresAt!: Date | null;

  /** When nobody was needed any more; null while it is open. */
  @Column('timestamptz', { name: 'resolved_at', nullable: true })
  resolvedAt!: Date | null;

  @Column('text', { nullable: true })
  resolution!: Resolution | null;
}
