import type { Problem } from '../src/http/problem.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

const ATTACKS = [
  "' OR '1'='1",
  "1' OR 1=1 --",
  '1 OR 1=1',
  "x'; DROP TABLE messages; --",
  'x UNION SELECT password FROM users',
  'x union  all select 1',
  '1; DELETE FROM clients',
  "'; exec xp_cmdshell('dir')",
  "1' and sleep(5)='0",
  "x' OR pg_sleep(10) --",
  '(select 1 from information_schema.tables)',
  '1/**/OR/**/1',
  '<script>alert(1)</script>',
  '<SCRIPT SRC=//evil.example>',
  '<img src=x onerror=alert(1)>',
  '"><svg onload=alert(1)>',
  'javascript:alert(1)',
  'data:text/html,<b>x</b>',
  '../../etc/passwd',
  '..\\..\\windows\\system32',
  '/var/../etc/shadow',
  '%2e%2e%2fetc%2fpasswd',
  '%3Cscript%3Ealert(1)%3C%2Fscript%3E',
  'file\0.txt',
];

const HARMLESS = [
  'O’Brien & Sons',
  "O'Brien",
  'rock and roll or jazz',
  'union of selected workers',
  'a-b_c.d:e@f+g',
  'drop me a line; thanks',
  'price < 100 > 50',
  'script',
  '50% off',
  'C:\\Program Files\\x',
  'select the best',
  'either/or',
  'v1..v2',
  'www.example.com/a/b.html',
];

describe('what looks like an attack (D10)', () => {
  const otklik = new TestOtklik();
  beforeAll(() => otklik.start());
  afterAll(() => otklik.stop());

  it.each(ATTACKS)('is refused in a query parameter: %s', async (attack) => {
    const { status, body } = await otklik.api.get<Problem>(
      `/api/messages?clientId=${encodeURIComponent(attack)}`,
    );
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'request_screened', errors: [{ path: 'clientId' }] });
  });

  it.each(ATTACKS.filter((attack) => !attack.includes('\0')))(
    'is refused in a header of no fixed form: %s',
    async (attack) => {
      for (const header of ['x-request-id', 'x-forwarded-host', 'user-agent', 'x-api-version']) {
        const { status, body } = await otklik.api.get<Problem>('/api/messages', { [header]: attack });
        expect(status).toBe(400);
        expect(body).toMatchObject({ code: 'request_screened', errors: [{ path: header }] });
      }
    },
  );

  it('is refused in the name of a query parameter, and where nobody reads it', async () => {
    for (const query of ['%3Cscript%3E=1', 'unknown=%3Cscript%3E', "x'--=1"]) {
      const { status, body } = await otklik.api.get<Problem>(`/api/messages?${query}`);
      expect([query, status, body.code]).toEqual([query, 400, 'request_screened']);
    }
  });

  it.each([
    '/api/messages/../../etc/passwd',
    '/docs/../../../etc/passwd',
    '/docs/%2e%2e/%2e%2e/etc/passwd',
    '/docs/..%2f..%2fetc%2fpasswd',
    '/docs/..%5c..%5cboot.ini',
    '/api/clients/..%2f..%2fx',
  ])('is refused in the path: %s', async (path) => {
    const { status, body } = await otklik.api.refused('GET', path);
    expect([status, body.code]).toEqual([400, 'request_screened']);
  });

  it.each([...ATTACKS, ...HARMLESS])(
    'is welcome in the words and the metadata of a message: %j',
    async (text) => {
      const content = text.replaceAll('\0', '');
      const { status, body } = await otklik.receive({
        clientId: newClient(),
        content,
        client: { name: content },
        metadata: { [content]: content },
      });
      expect(status).toBe(201);
      expect(body.content).toBe(content);
      const { body: client } = await otklik.api.get<{ name: string }>(`/api/clients/${body.clientId}`);
      expect(client.name).toBe(content);
    },
  );

  it.each(ATTACKS.filter((attack) => !attack.includes('\0')))(
    'is welcome in an idempotency key: %s',
    async (key) => {
      const { status } = await otklik.receive(
        { clientId: newClient(), content: 'Hello' },
        { 'idempotency-key': key },
      );
      expect(status).toBe(201);
    },
  );

  it.each(HARMLESS)('but is none is let through: %s', async (text) => {
    const query = await otklik.api.get<Problem>(`/api/messages?clientId=${encodeURIComponent(text)}`);
    expect(query.body.code).not.toBe('request_screened');
    const header = await otklik.api.get('/api/messages', {
      'x-comment': Buffer.from(text).toString('latin1'),
    });
    expect(header.status).toBe(200);
  });

  it.each<[header: string, value: string]>([
    [
      'user-agent',
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36',
    ],
    ['user-agent', 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)'],
    ['accept', 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8'],
    ['accept-language', 'ru-RU,ru;q=0.9,en;q=0.8'],
    ['cookie', 'session="abc"; theme=dark; consent={"a":1}'],
    ['referer', 'https://shop.example.com/search?q=a%27--b'],
    ['sec-ch-ua', '"Chromium";v="143", "Not A(Brand";v="24"'],
    ['sec-ch-ua-full-version-list', '"Chromium";v="143.0.7499.4", "Not A(Brand";v="24.0.0.0"'],
    ['if-none-match', 'W/"abc", "def"'],
    ['if-range', '"67ab43";x'],
    ['via', '1.1 vegur, 2 proxy "a"; comment'],
    ['forwarded', 'for="[2001:db8::1]";proto=https;by=203.0.113.43'],
    ['x-forwarded-for', '203.0.113.195, 2001:db8:85a3::8a2e:370:7334'],
    ['x-forwarded-client-cert', 'By=spiffe://a/ns/b;Hash=abc;Subject="/C=US/CN=x";URI=spiffe://c'],
    ['x-amzn-trace-id', 'Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1'],
    ['cf-visitor', '{"scheme":"https"}'],
    ['tracestate', 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE'],
    ['baggage', 'userId=alice,serverNode=DF%2028;prop="x"'],
    ['priority', 'u=1, i'],
    ['signature-input', 'sig1=("@method" "content-digest");created=1618884473;keyid="test-key"'],
    [
      'signature',
      'sig1=:LAH8BjcfcOcLojiuOBFWn0P5keD3xAOuJRGziCLuD8r5MW9S0RoXXLzLSRfGY/3SF8kVIkHjE13SEFdTo4Af/fJ/:',
    ],
    ['prefer', 'wait=0; foo="some parameter"'],
  ])('is not seen in an honest header: %s', async (header, value) => {
    const { status } = await otklik.api.get('/api/messages', { [header]: value });
    expect(status).toBe(200);
  });
});
