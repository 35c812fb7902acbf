import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Why an endpoint is disabled: by a person, because it answered 410, or because it failed for too long. */
export const DISABLED_REASONS = ['manual', 'gone', 'failing'] as const;
export type DisabledReason = (typeof DISABLED_REASONS)[number];

/** An endpoint: a subscriber's URL, and what it wants to be told how. */
@Entity('webhooks')
export class Webhook {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('text')
  url!: string;

  @Column('text', { nullable: true })
  description!: string | null;

  /** `message.received`, or `message.*` for all of a kind; null: every event. */
  @Column('text', { name: 'event_types', array: true, nullable: true })
  eventTypes!: string[] | null;

  @Column('json')
  headers!: Record<string, string>;

  @Column('integer', { name: 'rate_limit_per_second', nullable: true })
  rateLimitPerSecond!: number | null;

  /** Whether the events of one conversation are told one after the other. */
  @Column('boolean')
  ordered!: boolean;

  @Column('boolean')
  enabled!: boolean;

  @Column('timestamptz', { name: 'disabled_at', nullable: true })
  disabledAt!: Date | null;

  @Column('text', { name: 'disabled_reason', nullable: true })
  disabledReason!: DisabledReason | null;

  /**
   * Of the last event that was told, or would have been, before it was disabled; PostgreSQL's bigint, as text. Null: it is
   * enabled, or nobody knows.
   */
  @Column('bigint', { name: 'missed_after', nullable: true })
  missedAfter!: string | null;

  /** Counts changes of what a worker needs to know, secrets included. */
  @Column('integer')
  revision!: number;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;
}
