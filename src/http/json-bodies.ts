import { isUtf8 } from 'node:buffer';
import { errorCodes, type FastifyInstance } from 'fastify';
import { DomainError } from '../errors/domain-error.js';

/** What the strict parser refuses although it is JSON. */
const PROTOTYPE_REFUSED = new DomainError(
  'invalid',
  'malformed_json',
  'The body has a member __proto__ or constructor.prototype, which is taken for an attack.',
);

/** Bodies are JSON in UTF-8 and nothing else: bytes that are no text are refused, not replaced by question marks. */
export function parseJsonStrictly(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  const parse = fastify.getDefaultJsonParser('error', 'error');
  fastify.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    // What is compressed is no JSON yet, and would be called bad UTF-8.
    if ((request.headers['content-encoding'] ?? 'identity') !== 'identity') {
      done(new errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE(), undefined);
      return;
    }
    if (!isUtf8(body)) {
      done(new DomainError('invalid', 'malformed_json', 'The body is not UTF-8.'), undefined);
      return;
    }
    const text = body.toString('utf8');
    void parse(request, text, (error, value) =>
      done(error && isJson(text) ? PROTOTYPE_REFUSED : error, value),
    );
  });
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
