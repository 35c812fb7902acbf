import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One HTTP request of a delivery, and what came of it. */
@Entity('attempts')
export class Attempt {
  @PrimaryColumn('uuid', { name: 'delivery_id' })
  deliveryId!: string;

  /** From 1. */
  @PrimaryColumn('integer')
  number!: number;

  @Column('timestamptz', { name: 'started_at' })
  startedAt!: Date;

  /** Milliseconds. */
  @Column('integer', { name: 'duration_ms' })
  durationMs!: number;

  /** The IP address that was connected to; null where there was no connection. */
  @Column('text', { nullable: true })
  address!: string | null;

  /** As they were sent, secrets masked. */
  @Column('json', { name: 'request_headers' })
  requestHeaders!: Record<string, string>;

  @Column('integer', { nullable: true })
  status!: number | null;

  @Column('json', { name: 'response_headers', nullable: true })
  responseHeaders!: Record<string, string | string[]> | null;

  @Column('text', { name: 'body_excerpt', nullable: true })
  bodyExcerpt!: string | null;

  /** Null: delivered. */
  @Column('text', { name: 'error_class', nullable: true })
  errorClass!: string | null;

  /** For people. */
  @Column('text', { nullable: true })
  error!: string | null;
}
