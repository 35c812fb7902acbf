import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { EventType } from './event-catalogue.js';

/** A fact that happened, kept in the outbox. */
@Entity('events')
export class EventRecord {
  /** Its place in the order in which events are told; PostgreSQL's bigint, as text. */
  @PrimaryColumn('bigint')
  position!: string;

  @Column('uuid')
  id!: string;

  @Column('text')
  type!: EventType;

  @Column('uuid', { name: 'conversation_id', nullable: true })
  conversationId!: string | null;

  @Column('text', { name: 'trace_id', nullable: true })
  traceId!: string | null;

  @Column('timestamptz', { name: 'occurred_at' })
  occurredAt!: Date;

  @Column('json')
  data!: Record<string, unknown>;
}
