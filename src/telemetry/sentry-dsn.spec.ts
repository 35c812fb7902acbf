import { parseDsn } from './sentry-dsn.js';

describe('a DSN', () => {
  it.each([
    ['https://key@sentry.example/42', 'https://sentry.example/api/42/envelope/'],
    ['http://key@127.0.0.1:9000/errors/42', 'http://127.0.0.1:9000/errors/api/42/envelope/'],
  ])('says where reports go: %s', (dsn, endpoint) => {
    expect(parseDsn(dsn)).toMatchObject({ endpoint, public: dsn });
  });

  it.each(['https://sentry.example/42', 'https://key@sentry.example/'])(
    'needs a key and a project: %s',
    (dsn) => {
      expect(() => parseDsn(dsn)).toThrow('SENTRY_DSN must look like https://key@host/project.');
    },
  );
});
