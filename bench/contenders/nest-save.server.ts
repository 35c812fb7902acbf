import 'reflect-metadata';
import { Body, Controller, Injectable, Module, Post, StandardSchemaValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DataSource, type EntityManager, QueryFailedError } from 'typeorm';
import { z } from 'zod';
import { errorCode } from '../../src/resilience/error-code.js';
import { announce, givenDatabaseUrl, POOL_SIZE } from './contender-process.js';
import { ClientRow, MessageRow, OutboxRow, ReminderRow, SessionRow } from './nest-save.entities.js';

/** The same work as most Nest applications do it: a checked DTO, entities, and `save()` in a transaction. */
const messageSchema = z.object({
  clientId: z.string().min(1).max(128),
  content: z.string().min(1).max(10_000),
  channel: z.string(),
  metadata: z.record(z.string(), z.unknown()),
});
type MessageDto = z.infer<typeof messageSchema>;

const UNIQUE_VIOLATION = '23505';
const DELAYS_IN_MINUTES = [5, 15, 60];

@Injectable()
class IngestService {
  constructor(private readonly dataSource: DataSource) {}

  async ingest(message: MessageDto): Promise<{ id: string; clientId: string }> {
    try {
      return await this.dataSource.transaction((tx) => this.store(tx, message));
    } catch (error) {
      // Two first messages of one client at once: by now the other one has made it.
      if (!(error instanceof QueryFailedError) || errorCode(error) !== UNIQUE_VIOLATION) throw error;
      return this.dataSource.transaction((tx) => this.store(tx, message));
    }
  }

  private async store(tx: EntityManager, message: MessageDto): Promise<{ id: string; clientId: string }> {
    const { clientId: externalId, content, channel, metadata } = message;
    const known = await tx.findOne(ClientRow, {
      where: { externalId },
      lock: { mode: 'for_no_key_update' },
    });
    const client = known ?? (await tx.save(tx.create(ClientRow, { externalId })));
    const stored = await tx.save(tx.create(MessageRow, { clientId: client.id, content, channel, metadata }));
    const session =
      (await tx.findOneBy(SessionRow, { clientId: client.id })) ??
      tx.create(SessionRow, { clientId: client.id, messageCount: 0 });
    session.messageCount++;
    session.lastMessageAt = new Date();
    await tx.save(session);
    const reminders = DELAYS_IN_MINUTES.map((minutes, index) => {
      const dueAt = new Date(Date.now() + minutes * 60_000);
      return tx.create(ReminderRow, { messageId: stored.id, level: index + 1, dueAt });
    });
    await tx.save(reminders);
    const payload = { messageId: stored.id, clientId: externalId };
    await tx.save(tx.create(OutboxRow, { type: 'message.received', payload }));
    return { id: stored.id, clientId: externalId };
  }
}

@Controller('api/messages')
class MessagesController {
  constructor(private readonly service: IngestService) {}

  @Post()
  ingest(@Body({ schema: messageSchema }) message: MessageDto): Promise<{ id: string; clientId: string }> {
    return this.service.ingest(message);
  }
}

const dataSource = new DataSource({
  type: 'postgres',
  url: givenDatabaseUrl(),
  poolSize: POOL_SIZE,
  entities: [ClientRow, SessionRow, MessageRow, ReminderRow, OutboxRow],
});
await dataSource.initialize();

@Module({
  controllers: [MessagesController],
  providers: [IngestService, { provide: DataSource, useValue: dataSource }],
})
class NestSaveModule {}

const app = await NestFactory.create<NestFastifyApplication>(NestSaveModule, new FastifyAdapter(), {
  logger: false,
  abortOnError: false,
});
app.useGlobalPipes(new StandardSchemaValidationPipe());
await app.listen(0, '127.0.0.1');
announce(await app.getUrl());
