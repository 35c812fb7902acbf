import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Priority } from '../conversations/priority.js';

/** A scheduled nudge to the team that a conversation still waits. */
@Entity('reminders')
export class Reminder {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'conversation_id' })
  conversationId!: string;

  /** The message that started the chain; null for one that was made by hand. */
  @Column('uuid', { name: 'message_id', nullable: true })
  messageId!: string | null;

  @Column('text')
  kind!: 'policy' | 'manual';

  /** Which reminder of its chain it is, from 1; 0: it was made by hand. */
  @Column('integer')
  level!: number;

  @Column('text')
  priority!: Priority;

  @Column('text', { nullable: true })
  note!: string | null;

  @Column('timestamptz', { name: 'scheduled_at' })
  scheduledAt!: Date;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'sent_at', nullable: true })
  sentAt!: Date | null;

  @Column('timestamptz', { name: 'cancelled_at', nullable: true })
  cancelledAt!: Date | null;

  @Column('text', { name: 'cancel_reason', nullable: true })
  cancelReason!: string | null;

  @Column('timestamptz', { name: 'failed_at', nullable: true })
  failedAt!: Date | null;

  /** Why the last attempt to send it failed. */
  @Column('text', { nullable: true })
  failure!: string | null;

  /** How many attempts to send it came to an end, good or bad. */
  @Column('integer', { default: 0 })
  attempts!: number;
}
