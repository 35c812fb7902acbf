import { Column, Entity, PrimaryColumn } from 'typeorm';

/**
 * What became of a delivery: the endpoint took it; it answered that it never will; or the retry schedule is used up,
 * or the endpoint stayed disabled.
 */
export const DELIVERY_OUTCOMES = ['delivered', 'failed', 'dead'] as const;
export type DeliveryOutcome = (typeof DELIVERY_OUTCOMES)[number];

/** One event on its way to one endpoint. */
@Entity('deliveries')
export class Delivery {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'webhook_id' })
  webhookId!: string;

  @Column('uuid', { name: 'event_id' })
  eventId!: string;

  /** The event's place in the outbox; PostgreSQL's bigint, as text. */
  @Column('bigint', { name: 'event_position' })
  eventPosition!: string;

  @Column('text', { name: 'event_type' })
  eventType!: string;

  /** The conversation whose order the endpoint wants kept; null: it waits for no other delivery. */
  @Column('uuid', { name: 'ordered_by', nullable: true })
  orderedBy!: string | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  /** Infinity where an earlier one of the conversation comes first. */
  @Column('timestamptz', { name: 'next_attempt_at' })
  nextAttemptAt!: Date | number;

  /** How many attempts there were in all. */
  @Column('integer')
  attempts!: number;

  /** How many of them belong to the present round of the retry schedule. */
  @Column('integer')
  tries!: number;

  @Column('timestamptz', { name: 'leased_until', nullable: true })
  leasedUntil!: Date | null;

  @Column('integer', { name: 'lease_token' })
  leaseToken!: number;

  /** Null: pending. */
  @Column('enum', { enum: DELIVERY_OUTCOMES, enumName: 'delivery_outcome', nullable: true })
  outcome!: DeliveryOutcome | null;

  @Column('timestamptz', { name: 'finished_at', nullable: true })
  finishedAt!: Date | null;
}
