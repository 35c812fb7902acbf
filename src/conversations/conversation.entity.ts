import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { ConversationStatus } from './conversation.schemas.js';
import type { Priority } from './priority.js';

/** One dialogue with a client, from its first message to its closing. */
@Entity('conversations')
export class Conversation {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('text', { name: 'client_id' })
  clientId!: string;

  @Column('text')
  status!: ConversationStatus;

  @Column('text')
  priority!: Priority;

  @Column('text')
  channel!: string;

  @Column('timestamptz', { name: 'opened_at' })
  openedAt!: Date;

  @Column('timestamptz', { name: 'last_activity_at' })
  lastActivityAt!: Date;

  /** Since when the client waits for an answer; null once answered. */
  @Column('timestamptz', { name: 'waiting_since', nullable: true })
  waitingSince!: Date | null;

  @Column('timestamptz', { name: 'closed_at', nullable: true })
  closedAt!: Date | null;

  @Column('text', { name: 'close_reason', nullable: true })
  closeReason!: string | null;
}
