import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The wish to tell an endpoint once more what happened in a range of time. */
@Entity('webhook_replays')
export class Replay {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'webhook_id' })
  webhookId!: string;

  @Column('timestamptz')
  since!: Date;

  /** Not included. */
  @Column('timestamptz')
  until!: Date;

  /** `message.received`, or `message.*` for all of a kind; null: whatever the endpoint subscribed to. */
  @Column('text', { name: 'event_types', array: true, nullable: true })
  eventTypes!: string[] | null;

  @Column('boolean', { name: 'only_failed' })
  onlyFailed!: boolean;

  /** The last event that was looked at; null: none yet. */
  @Column('uuid', { name: 'last_event_id', nullable: true })
  lastEventId!: string | null;

  @Column('integer')
  replayed!: number;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  /** Null: it goes on. */
  @Column('timestamptz', { name: 'finished_at', nullable: true })
  finishedAt!: Date | null;
}
