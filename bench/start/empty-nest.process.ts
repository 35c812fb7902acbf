import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';

/** The floor: a Nest application that has nothing, on the web server that Otklik uses. */
@Module({})
class EmptyModule {}

const application = await NestFactory.create<NestFastifyApplication>(EmptyModule, new FastifyAdapter(), {
  logger: false,
});
await application.listen(0, '127.0.0.1');
console.log(`listening at ${await application.getUrl()}`);
