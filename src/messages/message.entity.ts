import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Priority } from '../conversations/priority.js';
import type { Author, Direction, ScheduledReminder, TriageView } from './message.schemas.js';

/** One utterance in a conversation. */
@Entity('messages')
export class Message {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('text', { name: 'client_id' })
  clientId!: string;

  @Column('uuid', { name: 'conversation_id' })
  conversationId!: string;

  @Column('text')
  direction!: Direction;

  @Column('text')
  author!: Author;

  @Column('text', { name: 'operator_id', nullable: true })
  operatorId!: string | null;

  @Column('text')
  content!: string;

  @Column('text')
  channel!: string;

  @Column('text', { nullable: true })
  priority!: Priority | null;

  @Column('text', { nullable: true })
  category!: string | null;

  @Column('json', { nullable: true })
  triage!: TriageView | null;

  @Column('boolean', { name: 'is_first' })
  isFirst!: boolean;

  @Column('json')
  metadata!: Record<string, unknown>;

  /** The reminders of the answer that its sender got; null for outbound messages. */
  @Column('json', { name: 'answered_reminders', nullable: true })
  answeredReminders!: ScheduledReminder[] | null;

  /** When the client wrote it, as the caller says; else when it came in. */
  @Column('timestamptz', { name: 'sent_at' })
  sentAt!: Date;

  /** When it came in; unique and growing within one client. */
  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
