import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { loadConfig } from '../config/config.js';
import { OutgoingApi } from './outgoing-api.js';

const ENDLESS = 'x'.repeat(100_000);

describe('a service of somebody else that fails', () => {
  let server: Server;
  let url: string;
  let requests = 0;
  let answer: (response: ServerResponse) => void;
  let api: OutgoingApi;

  beforeAll(async () => {
    server = createServer((_request, response) => {
      requests++;
      answer(response);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('A server has a port.');
    url = `http://127.0.0.1:${address.port}/`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  beforeEach(() => {
    const { retry } = loadConfig({ RETRY_BASE_DELAY: 'PT0.001S' });
    api = new OutgoingApi('Slack', { timeout: 60_000, breakerFailures: 2, breakerPause: 60_000, retry });
  });
  afterEach(() => api.close());

  it.each([500, 408, 425, 429])(
    'is tried again, left alone after a while, and why is said each time: %i',
    async (status) => {
      answer = (response) => response.writeHead(status).end('out of order');
      const before = requests;
      for (let attempt = 0; attempt < 2; attempt++)
        await expect(api.post(url, {})).rejects.toThrow(
          `Slack is left alone for a while: Slack answered ${status}: out of order`,
        );
      expect(requests - before).toBe(2);
    },
  );

  it('is tried again where it was not reached, as well', async () => {
    answer = (response) => response.destroy();
    await expect(api.post(url, {})).rejects.toThrow(
      'Slack is left alone for a while: Slack was not reached: other side closed',
    );
  });

  it('is not waited for longer than its deadline', async () => {
    answer = () => undefined;
    const impatient = new OutgoingApi('Slack', {
      timeout: 50,
      breakerFailures: 1,
      breakerPause: 60_000,
      retry: loadConfig({}).retry,
    });
    await expect(impatient.post(url, {})).rejects.toThrow('Slack was not reached: no answer within 50 ms');
    await impatient.close();
  });

  it('is quoted with the beginning of what it says, where that has no end', async () => {
    answer = (response) => {
      response.writeHead(400).on('drain', () => response.write(ENDLESS));
      response.write(ENDLESS);
    };
    await expect(api.post(url, {})).rejects.toThrow(/^Slack answered 400: x{200}$/);
  });

  it('has taken what it says it took, also where it never ends saying so', async () => {
    answer = (response) => response.writeHead(200).write('ok');
    await api.post(url, {});
  });
});
