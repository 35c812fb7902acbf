import { type INestApplication, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

const PATHS = ['/docs', '/docs/*', '/openapi.json', '/openapi.yaml'];

/** What belongs to the connection that the pages do not have. */
const OF_THE_CONNECTION = ['connection', 'date', 'keep-alive', 'transfer-encoding'];

@Module({})
class PagesModule {}

/**
 * Serves the OpenAPI document at `/openapi.json` and Swagger UI at `/docs`.
 *
 * The pages are an application of their own, made when somebody first asks for one: what makes them is a fifth of all the
 * code that a start would have to read.
 */
export function serveDocumentation(application: INestApplication, make: () => Promise<OpenAPIObject>): void {
  let pages: Promise<FastifyInstance> | undefined;
  const answer = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    pages ??= openPages(make);
    // What has failed is tried again with the next request.
    const fastify = await pages.catch((error) => {
      pages = undefined;
      throw error;
    });
    const { statusCode, headers, rawPayload } = await fastify.inject({ method: 'GET', url: request.url });
    // Ours says what is wrong as everywhere else.
    if (statusCode === 404) return reply.callNotFound();
    for (const name of OF_THE_CONNECTION) delete headers[name];
    await reply.status(statusCode).headers(headers).send(rawPayload);
  };
  const fastify = application.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  for (const path of PATHS) fastify.get(path, answer);
}

async function openPages(make: () => Promise<OpenAPIObject>): Promise<FastifyInstance> {
  const [document, { SwaggerModule }] = await Promise.all([make(), import('@nestjs/swagger')]);
  const pages = await NestFactory.create<NestFastifyApplication>(PagesModule, new FastifyAdapter(), {
    logger: false,
  });
  SwaggerModule.setup('docs', pages, document, {
    jsonDocumentUrl: 'openapi.json',
    yamlDocumentUrl: 'openapi.yaml',
    customSiteTitle: 'Otklik API',
    swaggerOptions: {
      persistAuthorization: true,
      displayRequestDuration: true,
      tryItOutEnabled: true,
      defaultModelsExpandDepth: 0,
      tagsSorter: undefined,
    },
  });
  await pages.init();
  const fastify = pages.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  await fastify.ready();
  return fastify;
}
