import Fastify from 'fastify';
import pg from 'pg';
import { announce, givenDatabaseUrl, POOL_SIZE } from './contender-process.js';

interface MessageBody {
  readonly clientId: string;
  readonly content: string;
  readonly channel: string;
  readonly metadata: object;
}

/** Bare Fastify: parse JSON, call the function, answer. Nothing is checked, nothing is logged. */
const pool = new pg.Pool({ connectionString: givenDatabaseUrl(), max: POOL_SIZE });
const fastify = Fastify({ logger: false });

fastify.post<{ Body: MessageBody }>('/api/messages', async (request, reply) => {
  const { clientId, content, channel, metadata } = request.body;
  const { rows } = await pool.query<{ id: string }>({
    name: 'ingest',
    text: 'select ingest($1, $2, $3, $4) as id',
    values: [clientId, content, channel, metadata],
  });
  return reply.code(201).send({ id: rows[0]?.id, clientId });
});

announce(await fastify.listen({ host: '127.0.0.1', port: 0 }));
