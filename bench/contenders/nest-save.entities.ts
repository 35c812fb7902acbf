import { Column, Entity, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';

/** The tables of ingest-function.ts as TypeORM sees them. A `bigint` reaches JavaScript as text. */
@Entity('clients')
export class ClientRow {
  @PrimaryGeneratedColumn('identity', { type: 'bigint', generatedIdentity: 'ALWAYS' })
  id!: string;

  @Column({ name: 'external_id', type: 'text', unique: true })
  externalId!: string;
}

@Entity('sessions')
export class SessionRow {
  @PrimaryColumn({ name: 'client_id', type: 'bigint' })
  clientId!: string;

  @Column({ name: 'message_count', type: 'integer' })
  messageCount!: number;

  @Column({ name: 'last_message_at', type: 'timestamptz' })
  lastMessageAt!: Date;
}

@Entity('messages')
export class MessageRow {
  @PrimaryGeneratedColumn('identity', { type: 'bigint', generatedIdentity: 'ALWAYS' })
  id!: string;

  @Column({ name: 'client_id', type: 'bigint' })
  clientId!: string;

  @Column({ type: 'text' })
  content!: string;

  @Column({ type: 'text' })
  channel!: string;

  @Column({ type: 'jsonb' })
  metadata!: object;
}

@Entity('reminders')
export class ReminderRow {
  @PrimaryGeneratedColumn('identity', { type: 'bigint', generatedIdentity: 'ALWAYS' })
  id!: string;

  @Column({ name: 'message_id', type: 'bigint' })
  messageId!: string;

  @Column({ type: 'integer' })
  level!: number;

  @Column({ name: 'due_at', type: 'timestamptz' })
  dueAt!: Date;
}

@Entity('outbox')
export class OutboxRow {
  @PrimaryGeneratedColumn('identity', { type: 'bigint', generatedIdentity: 'ALWAYS' })
  id!: string;

  @Column({ type: 'text' })
  type!: string;

  @Column({ type: 'jsonb' })
  payload!: object;
}
