import Joi, { type CustomHelpers } from 'joi';
import {
  atMost,
  base64Key,
  choice,
  count,
  duration,
  durationInstead,
  durationOrNever,
  durations,
  type Form,
  list,
  notLongerThan,
  requiredWith,
  secret,
  secretUrl,
  text,
} from './forms.js';
import { parseRedisUrl, type RedisTarget } from './redis-url.js';

/** One setting: the environment variable that holds it, what it means, and what it may be. */
export interface Setting<T> {
  readonly variable: string;
  readonly meaning: string;
  readonly form: Form<T>;
}

function setting<T>(variable: string, meaning: string, form: Form<T>): Setting<T> {
  return { variable, meaning, form };
}

const MEGABYTE = 1024 * 1024;

const databaseUrl: Form<string | undefined> = {
  schema: Joi.string()
    .uri({ scheme: ['postgres', 'postgresql'] })
    .messages({ '*': '{{#label}} must look like postgres://user:password@host:5432/name' }),
  range: 'postgres://user:password@host:5432/name',
  fallback: '',
  secret: true,
};

/** Says something of a database of one's own; with the embedded one it would be a mistake. */
function ofDatabaseUrl<T>(form: Form<T>): Form<T> {
  const alone = Joi.forbidden().messages({ '*': '{{#label}} needs DATABASE_URL' });
  return {
    ...form,
    schema: form.schema.when('DATABASE_URL', { is: Joi.exist(), otherwise: alone }),
    secret: true,
  };
}

const replicaUrls = list(
  Joi.string<string>().uri({ scheme: ['postgres', 'postgresql'] }),
  'URLs like postgres://user:password@host:5432/name',
);

const backupFolder: Form<string | undefined> = {
  schema: Joi.string(),
  range: 'a folder; without it, backups in DATA_DIR',
  fallback: '',
};

const redisUrl: Form<RedisTarget | undefined> = {
  schema: Joi.string<RedisTarget>().custom((value: string, helpers: CustomHelpers) => {
    const target = parseRedisUrl(value);
    return typeof target === 'string' ? helpers.message({ custom: `{{#label}} ${target}` }) : target;
  }),
  range:
    'redis://user:password@host:6379/0, redis+sentinel://host:26379,host:26379/master, redis+cluster://host:6379,host:6379; rediss… for TLS',
  fallback: '',
  secret: true,
};

const otlpEndpoint: Form<string | undefined> = {
  schema: Joi.string()
    .uri({ scheme: ['http', 'https'] })
    .messages({ '*': '{{#label}} must look like http://collector:4318' }),
  range: 'http://collector:4318',
  fallback: '',
};

const dsn: Form<string | undefined> = {
  schema: Joi.string()
    .pattern(/^https?:\/\/[A-Za-z0-9]+@[^\s/@]+(?:\/[^\s?#]*)?\/\d+$/)
    .messages({ '*': '{{#label}} must look like https://key@host/project' }),
  range: 'https://key@host/project',
  fallback: '',
  secret: true,
};

const cidr = Joi.string<string>().ip({ version: ['ipv4', 'ipv6'], cidr: 'required' });

/** How long a conversation in which nobody waits may stay open. */
const IDLE_RANGE = { min: 'PT1S', max: 'P730D' };

function autoCloseAfter(priority: string): Setting<number | undefined> {
  return setting(
    `CONVERSATION_AUTO_CLOSE_AFTER_${priority.toUpperCase()}`,
    `the same for conversations of priority ${priority}`,
    durationInstead('CONVERSATION_AUTO_CLOSE_AFTER', IDLE_RANGE),
  );
}

const origin = Joi.string<string>()
  .uri({ scheme: ['http', 'https'] })
  .allow('*');

/**
 * Every setting there is: the shape of `Config`, the Joi schema, `.env.example` and docs/configuration.md all
 * come from here. Times are durations, sizes are bytes, limits are requests a window.
 */
export const SETTINGS = {
  http: {
    host: setting(
      'HOST',
      'address to listen on (0.0.0.0 in the image)',
      text(/^[A-Za-z0-9.:-]+$/, 'a host name or an address', '127.0.0.1'),
    ),
    port: setting(
      'PORT',
      'port to listen on; 0 takes a free one and prints it',
      count({ min: 0, max: 65_535, default: 3000 }),
    ),
    portIfTaken: setting(
      'PORT_IF_TAKEN',
      'when PORT is taken: stop with an error, or take the next free one',
      choice(['fail', 'next'], 'fail'),
    ),
    bodyLimit: setting(
      'HTTP_BODY_LIMIT',
      'largest request body, in bytes',
      count({ min: 1024, max: 100 * MEGABYTE, default: 10 * MEGABYTE }),
    ),
    requestTimeout: setting(
      'HTTP_REQUEST_TIMEOUT',
      'how long a client may take to send a request',
      duration({ min: 'PT1S', max: 'PT10M', default: 'PT30S' }),
    ),
    keepAlive: setting(
      'HTTP_KEEP_ALIVE',
      'how long an idle client connection stays open',
      duration({ min: 'PT1S', max: 'PT10M', default: 'PT72S' }),
    ),
    trustProxy: setting(
      'TRUST_PROXY',
      'reverse proxies whose X-Forwarded-For is believed',
      list(Joi.string<string>().ip({ cidr: 'optional' }), 'addresses or networks, such as 10.0.0.0/8'),
    ),
    corsOrigins: setting(
      'CORS_ORIGINS',
      'origins whose pages may call the API',
      list(origin, 'origins, such as https://shop.example.com'),
    ),
  },
  process: {
    roles: setting(
      'ROLES',
      'which parts this process runs; without api it serves /health and /metrics alone',
      list(Joi.string<'api' | 'worker'>().valid('api', 'worker'), 'api, worker', ['api', 'worker']),
    ),
    shutdownDeadline: setting(
      'SHUTDOWN_DEADLINE',
      'how long running work may take to finish after SIGTERM or SIGINT',
      duration({ min: 'PT1S', max: 'PT10M', default: 'PT25S' }),
    ),
    shutdownDelay: setting(
      'SHUTDOWN_DELAY',
      'how long to go on serving, not ready, before closing: lets a load balancer notice',
      duration({ min: 'PT0S', max: 'PT2M', default: 'PT0S' }),
    ),
  },
  secrets: {
    adminApiKey: setting(
      'ADMIN_API_KEY',
      "the administrator's key; made and printed once with the embedded database",
      requiredWith('DATABASE_URL', secret(32, 'echo otk_$(openssl rand -hex 32)')),
    ),
    encryptionKey: setting(
      'SECRET_ENCRYPTION_KEY',
      'encrypts stored secrets; made with the embedded database',
      requiredWith('DATABASE_URL', base64Key(32)),
    ),
  },
  database: {
    url: setting(
      'DATABASE_URL',
      'the PostgreSQL to use; without it, one is embedded in DATA_DIR',
      databaseUrl,
    ),
    directUrl: setting(
      'DATABASE_DIRECT_URL',
      'the same database without the pooler: set it where DATABASE_URL leads to PgBouncer in transaction mode; for LISTEN, migrations and backups',
      ofDatabaseUrl(databaseUrl),
    ),
    replicaUrls: setting(
      'DATABASE_REPLICA_URLS',
      'streaming replicas that lists are read from, in turn; the same in each api process',
      ofDatabaseUrl(replicaUrls),
    ),
    replicaMaxLag: setting(
      'DATABASE_REPLICA_MAX_LAG',
      'a replica that is further behind is left alone; where none is left, lists are read from the primary',
      duration({ min: 'PT0.1S', max: 'PT1H', default: 'PT10S' }),
    ),
    replicaCheckInterval: setting(
      'DATABASE_REPLICA_CHECK_INTERVAL',
      'how often each process asks the primary and the replicas how far they are',
      duration({ min: 'PT0.05S', max: 'PT1M', default: 'PT1S' }),
    ),
    readOwnWrites: setting(
      'DATABASE_REPLICA_OWN_WRITES',
      'after a write, for how long at least the lists of its API key are read from the primary; then from replicas that have the write',
      duration({ min: 'PT0.1S', max: 'PT10M', default: 'PT5S' }),
    ),
    dataDir: setting(
      'DATA_DIR',
      'where the embedded database and its secrets live',
      text(/^[^\0]+$/, 'a folder', '.otklik'),
    ),
    embeddedPort: setting(
      'EMBEDDED_DATABASE_PORT',
      'loopback port of the embedded database; 0 takes a free one',
      count({ min: 0, max: 65_535, default: 0 }),
    ),
    poolMax: setting(
      'DATABASE_POOL_MAX',
      'most connections at once, in each process',
      count({ min: 1, max: 500, default: 10 }),
    ),
    poolMin: setting(
      'DATABASE_POOL_MIN',
      'connections that stay open when idle',
      atMost('DATABASE_POOL_MAX', count({ min: 0, max: 500, default: 0 })),
    ),
    poolWait: setting(
      'DATABASE_POOL_WAIT',
      'how long a request may wait for a connection',
      duration({ min: 'PT0.1S', max: 'PT1M', default: 'PT5S' }),
    ),
    poolIdle: setting(
      'DATABASE_POOL_IDLE',
      'after how long an unused connection is closed',
      duration({ min: 'PT1S', max: 'PT1H', default: 'PT1M' }),
    ),
    poolLifetime: setting(
      'DATABASE_POOL_LIFETIME',
      'after how long a connection is replaced by a new one',
      duration({ min: 'PT1S', max: 'P1D', default: 'PT30M' }),
    ),
    pingAfter: setting(
      'DATABASE_POOL_PING_AFTER',
      'a connection unused for this long is tested before it is handed out',
      duration({ min: 'PT0S', max: 'PT1H', default: 'PT15S' }),
    ),
    statementTimeout: setting(
      'DATABASE_STATEMENT_TIMEOUT',
      'after how long PostgreSQL gives a statement up',
      duration({ min: 'PT0.1S', max: 'PT1H', default: 'PT30S' }),
    ),
    slowQuery: setting(
      'DATABASE_SLOW_QUERY',
      'a statement that takes longer is logged, without its parameters',
      duration({ min: 'PT0.001S', max: 'PT1H', default: 'PT1S' }),
    ),
    startWait: setting(
      'DATABASE_START_WAIT',
      'how long a start waits for the database and for the migration lock',
      duration({ min: 'PT1S', max: 'PT1H', default: 'PT2M' }),
    ),
  },
  redis: {
    target: setting(
      'REDIS_URL',
      'the Redis that caches and rate limits are shared in; without it, each process has its own',
      redisUrl,
    ),
    poolSize: setting(
      'REDIS_POOL_SIZE',
      'connections to Redis that carry commands, in each process; one more listens',
      count({ min: 1, max: 64, default: 2 }),
    ),
    connectTimeout: setting(
      'REDIS_CONNECT_TIMEOUT',
      'how long connecting to Redis may take',
      duration({ min: 'PT0.05S', max: 'PT1M', default: 'PT2S' }),
    ),
    commandTimeout: setting(
      'REDIS_COMMAND_TIMEOUT',
      'how long a command to Redis may take; after it, the work goes on without',
      duration({ min: 'PT0.01S', max: 'PT10S', default: 'PT0.25S' }),
    ),
    keepAlive: setting(
      'REDIS_KEEP_ALIVE',
      'after how long a silent connection to Redis is probed by TCP',
      duration({ min: 'PT1S', max: 'PT1H', default: 'PT30S' }),
    ),
    pingInterval: setting(
      'REDIS_PING_INTERVAL',
      'how often Redis is asked whether it answers',
      duration({ min: 'PT0.1S', max: 'PT10M', default: 'PT5S' }),
    ),
    breakerFailures: setting(
      'REDIS_BREAKER_FAILURES',
      'after how many failures in a row Redis is left alone',
      count({ min: 1, max: 1000, default: 3 }),
    ),
    breakerPause: setting(
      'REDIS_BREAKER_PAUSE',
      'for how long it is, before it is tried again',
      duration({ min: 'PT0.05S', max: 'PT1H', default: 'PT30S' }),
    ),
  },
  cache: {
    keyPrefix: setting(
      'CACHE_KEY_PREFIX',
      'what the names of our keys in Redis begin with, those of rate limits as well',
      text(/^[A-Za-z0-9:_.-]{1,64}$/, '1 to 64 letters, digits, or : _ . -', 'otklik:'),
    ),
    compressAbove: setting(
      'CACHE_COMPRESS_ABOVE',
      'values of more bytes go into Redis compressed, where their policy says so',
      count({ min: 64, max: 100 * MEGABYTE, default: 1024 }),
    ),
    nearEntries: setting(
      'CACHE_NEAR_ENTRIES',
      'most values of each kind that a process keeps in its memory',
      count({ min: 1, max: 1_000_000, default: 10_000 }),
    ),
    nearBytes: setting(
      'CACHE_NEAR_BYTES',
      'most bytes of each kind that a process keeps in its memory',
      count({ min: 1024, max: 4096 * MEGABYTE, default: 16 * MEGABYTE }),
    ),
    nearTtl: setting(
      'CACHE_NEAR_TTL',
      'how long a process believes its memory at most, whatever the policy says',
      duration({ min: 'PT0S', max: 'P1D', default: 'PT5M' }),
    ),
  },
  rateLimit: {
    mode: setting('RATE_LIMIT', 'off for load tests', choice(['on', 'off'], 'on')),
    window: setting(
      'RATE_LIMIT_WINDOW',
      'the time in which requests are counted',
      duration({ min: 'PT1S', max: 'PT1H', default: 'PT1M' }),
    ),
    default: setting(
      'RATE_LIMIT_DEFAULT',
      'requests a window where no other group applies',
      count({ min: 1, max: 10_000_000, default: 100 }),
    ),
    messages: setting(
      'RATE_LIMIT_MESSAGES',
      'requests a window: messages, conversations, clients, escalations, reminders and their policies, events',
      count({ min: 1, max: 10_000_000, default: 6000 }),
    ),
    keys: setting(
      'RATE_LIMIT_KEYS',
      'requests a window: API keys',
      count({ min: 1, max: 10_000_000, default: 60 }),
    ),
    authFailures: setting(
      'RATE_LIMIT_AUTH_FAILURES',
      'requests a window that one address may send with a wrong key',
      count({ min: 1, max: 10_000_000, default: 60 }),
    ),
  },
  apiKeys: {
    cacheTtl: setting(
      'API_KEY_CACHE_TTL',
      'how long a key is believed without asking the database; a revoked one is dead everywhere after it',
      duration({ min: 'PT0S', max: 'PT5S', default: 'PT4S' }),
    ),
    cacheSize: setting(
      'API_KEY_CACHE_SIZE',
      'how many keys are remembered',
      count({ min: 1, max: 1_000_000, default: 10_000 }),
    ),
    lastUseInterval: setting(
      'API_KEY_LAST_USE_INTERVAL',
      "how often a key's last use is written down",
      duration({ min: 'PT0.1S', max: 'P1D', default: 'PT1M' }),
    ),
  },
  messages: {
    duplicateWindow: setting(
      'MESSAGE_DUPLICATE_WINDOW',
      'within which the same words of one client, without a key, are the same message',
      duration({ min: 'PT0S', max: 'PT10M', default: 'PT5S' }),
    ),
    clockSkew: setting(
      'MESSAGE_CLOCK_SKEW',
      "how far ahead of this server's clock a message's timestamp may be",
      duration({ min: 'PT0S', max: 'P1D', default: 'PT5M' }),
    ),
    settleTime: setting(
      'MESSAGE_SETTLE_TIME',
      'how old the newest message has to be before GET /api/messages?after= tells of it: by then, every earlier one is being stored',
      duration({ min: 'PT0S', max: 'PT10S', default: 'PT0.1S' }),
    ),
    settleWait: setting(
      'MESSAGE_SETTLE_WAIT',
      'and how long it waits at most for those that are being stored, so that none is missed',
      duration({ min: 'PT0S', max: 'PT30S', default: 'PT1S' }),
    ),
    idempotencyRetention: setting(
      'IDEMPOTENCY_RETENTION',
      'how long an idempotency key is remembered',
      duration({ min: 'P1D', max: 'P90D', default: 'P2D' }),
    ),
    batchSize: setting(
      'INGEST_BATCH_SIZE',
      'most messages that one transaction takes',
      count({ min: 1, max: 500, default: 12 }),
    ),
    batchesInFlight: setting(
      'INGEST_BATCHES_IN_FLIGHT',
      'transactions of ingest at once, in each process: while one is written to disk, others are decided',
      count({ min: 1, max: 32, default: 3 }),
    ),
    queueMax: setting(
      'INGEST_QUEUE_MAX',
      'messages that may wait for a transaction before new ones are refused with 503',
      count({ min: 1, max: 1_000_000, default: 10_000 }),
    ),
    replyPollInterval: setting(
      'REPLY_POLL_INTERVAL',
      'how often a request with Prefer: wait looks for a reply that another process stored',
      duration({ min: 'PT0.05S', max: 'PT30S', default: 'PT1S' }),
    ),
  },
  reminders: {
    policyCacheTtl: setting(
      'REMINDER_POLICY_CACHE_TTL',
      'how long reminder policies are believed without asking the database',
      duration({ min: 'PT0S', max: 'PT1M', default: 'PT1M' }),
    ),
    maxAhead: setting(
      'REMINDER_MAX_AHEAD',
      'how far ahead a reminder made by hand may be',
      duration({ min: 'PT1M', max: 'P3650D', default: 'P366D' }),
    ),
    batchSize: setting(
      'REMINDER_BATCH_SIZE',
      'most due reminders that are claimed and sent at once',
      count({ min: 1, max: 5000, default: 200 }),
    ),
    workers: setting(
      'REMINDER_WORKERS',
      'batches of reminders at once, in each process',
      count({ min: 1, max: 32, default: 2 }),
    ),
    lease: setting(
      'REMINDER_LEASE',
      'how long claimed reminders belong to their worker; after it, another takes over',
      duration({ min: 'PT1S', max: 'PT1H', default: 'PT1M' }),
    ),
    pollInterval: setting(
      'REMINDER_POLL_INTERVAL',
      'how often due reminders are looked for where no timer or wake-up said so',
      duration({ min: 'PT0.1S', max: 'PT10M', default: 'PT15S' }),
    ),
    attempts: setting(
      'REMINDER_ATTEMPTS',
      'how often sending a reminder is tried before it has failed',
      count({ min: 1, max: 100, default: 5 }),
    ),
    retryBaseDelay: setting(
      'REMINDER_RETRY_BASE_DELAY',
      'the wait before the second of these attempts; it doubles, with jitter',
      duration({ min: 'PT0.01S', max: 'PT1H', default: 'PT10S' }),
    ),
    retryMaxDelay: setting(
      'REMINDER_RETRY_MAX_DELAY',
      'the longest wait between two of them',
      duration({ min: 'PT0.01S', max: 'P1D', default: 'PT10M' }),
    ),
  },
  escalations: {
    claimTimeout: setting(
      'ESCALATION_CLAIM_TIMEOUT',
      'after how long a claimed escalation that nobody answered goes back to the queue',
      duration({ min: 'PT1S', max: 'P30D', default: 'PT30M' }),
    ),
    expiryInterval: setting(
      'ESCALATION_EXPIRY_INTERVAL',
      'how often expired claims are looked for where no timer said so',
      duration({ min: 'PT0.1S', max: 'PT1H', default: 'PT2M' }),
    ),
    batchSize: setting(
      'ESCALATION_BATCH_SIZE',
      'most expired claims that one transaction takes back',
      count({ min: 1, max: 5000, default: 200 }),
    ),
  },
  autoClose: {
    after: setting(
      'CONVERSATION_AUTO_CLOSE_AFTER',
      'after how long without a word a conversation in which nobody waits is closed',
      duration({ ...IDLE_RANGE, default: 'PT24H' }),
    ),
    low: autoCloseAfter('low'),
    normal: autoCloseAfter('normal'),
    high: autoCloseAfter('high'),
    urgent: autoCloseAfter('urgent'),
    interval: setting(
      'AUTO_CLOSE_INTERVAL',
      'how often idle conversations are looked for where no timer said so',
      duration({ min: 'PT0.1S', max: 'P1D', default: 'PT5M' }),
    ),
    batchSize: setting(
      'AUTO_CLOSE_BATCH_SIZE',
      'most conversations that one transaction closes',
      count({ min: 1, max: 5000, default: 200 }),
    ),
  },
  selfCheck: {
    interval: setting(
      'SELF_CHECK_INTERVAL',
      'how often it is checked that no conversation is forgotten',
      duration({ min: 'PT1S', max: 'P1D', default: 'PT2M' }),
    ),
    batchSize: setting(
      'SELF_CHECK_BATCH_SIZE',
      'conversations or reminders that one statement of the self-check looks at',
      count({ min: 1, max: 100_000, default: 5000 }),
    ),
    batchesPerRun: setting(
      'SELF_CHECK_BATCHES_PER_RUN',
      'most such statements of each kind in a run; the next run goes on from there',
      count({ min: 1, max: 100_000, default: 20 }),
    ),
  },
  events: {
    fanOutBatchSize: setting(
      'EVENT_FAN_OUT_BATCH_SIZE',
      'most events that one transaction makes deliveries of',
      count({ min: 1, max: 10_000, default: 500 }),
    ),
    fanOutInterval: setting(
      'EVENT_FAN_OUT_INTERVAL',
      'how often new events are looked for where no wake-up said so',
      duration({ min: 'PT0.1S', max: 'PT10M', default: 'PT15S' }),
    ),
    gapPatience: setting(
      'EVENT_GAP_PATIENCE',
      'how long an event whose transaction goes on is waited for before PostgreSQL is asked who writes it',
      duration({ min: 'PT0.001S', max: 'PT1M', default: 'PT0.05S' }),
    ),
    streams: setting(
      'EVENT_STREAMS_MAX',
      'most readers of /api/events/stream at once, in each process',
      count({ min: 1, max: 100_000, default: 500 }),
    ),
    streamHeartbeat: setting(
      'EVENT_STREAM_HEARTBEAT',
      'how often a stream in which nothing happens shows that it is alive',
      duration({ min: 'PT0.1S', max: 'PT5M', default: 'PT15S' }),
    ),
    streamPollInterval: setting(
      'EVENT_STREAM_POLL_INTERVAL',
      'how often a process with readers looks for events that another process wrote',
      duration({ min: 'PT0.05S', max: 'PT1M', default: 'PT1S' }),
    ),
  },
  webhooks: {
    allowHttp: setting(
      'WEBHOOK_ALLOW_HTTP',
      'whether endpoints may have http:// addresses',
      choice(['true', 'false'], 'false'),
    ),
    allowedCidrs: setting(
      'WEBHOOK_ALLOWED_CIDRS',
      'private addresses that webhooks may reach all the same',
      list(cidr, 'CIDR blocks, such as 10.0.0.0/8 or ::1/128'),
    ),
    retrySchedule: setting(
      'WEBHOOK_RETRY_SCHEDULE',
      'the waits before the second and each further attempt, with jitter of 20 % either way; after the last, the delivery is dead',
      durations({
        min: 'PT0.001S',
        max: 'P30D',
        default: 'PT5S,PT1M,PT5M,PT30M,PT2H,PT5H,PT10H,PT14H,PT20H,PT24H',
      }),
    ),
    timeout: setting(
      'WEBHOOK_TIMEOUT',
      'the deadline of an attempt, from the look-up of the name to the end of the answer',
      duration({ min: 'PT0.05S', max: 'PT5M', default: 'PT30S' }),
    ),
    answerLimit: setting(
      'WEBHOOK_ANSWER_LIMIT',
      'bytes of an answer that are read; the rest is cut off with the connection',
      count({ min: 1024, max: 10_485_760, default: 65_536 }),
    ),
    excerptLength: setting(
      'WEBHOOK_EXCERPT_LENGTH',
      'characters of an answer that are kept with the attempt',
      count({ min: 0, max: 65_536, default: 1000 }),
    ),
    retryAfterMax: setting(
      'WEBHOOK_RETRY_AFTER_MAX',
      'the longest wait that an endpoint can ask for with Retry-After',
      duration({ min: 'PT1S', max: 'P7D', default: 'PT1H' }),
    ),
    concurrency: setting(
      'WEBHOOK_CONCURRENCY',
      'attempts at once, in each process',
      count({ min: 1, max: 10_000, default: 256 }),
    ),
    endpointConcurrency: setting(
      'WEBHOOK_ENDPOINT_CONCURRENCY',
      'attempts at once to one endpoint, in each process',
      count({ min: 1, max: 10_000, default: 64 }),
    ),
    claimInterval: setting(
      'WEBHOOK_CLAIM_INTERVAL',
      'how often due deliveries are looked for where no timer or wake-up said so',
      duration({ min: 'PT0.1S', max: 'PT10M', default: 'PT15S' }),
    ),
    leaseMargin: setting(
      'WEBHOOK_LEASE_MARGIN',
      'how long after the deadline of its attempt a delivery goes to another worker',
      duration({ min: 'PT0.1S', max: 'PT10M', default: 'PT15S' }),
    ),
    breakerFailures: setting(
      'WEBHOOK_BREAKER_FAILURES',
      'failures in a row after which an endpoint gets a pause',
      count({ min: 1, max: 10_000, default: 5 }),
    ),
    breakerPause: setting(
      'WEBHOOK_BREAKER_PAUSE',
      'the longest such pause; the first is as long as the first wait of the retry schedule, and it doubles',
      duration({ min: 'PT0.01S', max: 'PT1H', default: 'PT30S' }),
    ),
    disableAfter: setting(
      'WEBHOOK_DISABLE_AFTER',
      'after how long without one success an endpoint that fails is disabled',
      duration({ min: 'PT1S', max: 'P90D', default: 'P5D' }),
    ),
    secretOverlap: setting(
      'WEBHOOK_SECRET_OVERLAP',
      'how long an old secret signs too after a new one was made',
      duration({ min: 'PT0S', max: 'P30D', default: 'PT24H' }),
    ),
    retention: setting(
      'WEBHOOK_RETENTION',
      'how long a finished delivery is kept with its attempts',
      duration({ min: 'PT1H', max: 'P3650D', default: 'P30D' }),
    ),
    disabledRetention: setting(
      'WEBHOOK_DISABLED_RETENTION',
      'how long deliveries wait for an endpoint that stays disabled; after that they are dead, and can still be sent again',
      duration({ min: 'PT1H', max: 'P3650D', default: 'P30D' }),
    ),
    cleanupInterval: setting(
      'WEBHOOK_CLEANUP_INTERVAL',
      'how often what deleted endpoints left is cleared away, and what waits for disabled ones is given up',
      duration({ min: 'PT1S', max: 'P1D', default: 'PT10M' }),
    ),
    replayBatchSize: setting(
      'WEBHOOK_REPLAY_BATCH_SIZE',
      'events that one transaction of a replay looks at',
      count({ min: 1, max: 10_000, default: 500 }),
    ),
  },
  backups: {
    dir: setting('BACKUP_DIR', 'where backups are kept, for all processes the same', backupFolder),
    encryptionKey: setting(
      'BACKUP_ENCRYPTION_KEY',
      'encrypts backups with age: an age identity, or any other secret as a passphrase; without it, they are not encrypted',
      secret(32, 'age-keygen | grep AGE-SECRET-KEY'),
    ),
    keep: setting(
      'BACKUP_KEEP',
      'how long a backup is kept; the newest one always is',
      duration({ min: 'P1D', max: 'P3650D', default: 'P7D' }),
    ),
    dailyAt: setting(
      'BACKUP_DAILY_AT',
      'when the daily backup is made, in UTC',
      text(/^(off|([01]\d|2[0-3]):[0-5]\d)$/, 'a time such as 02:00, or off', '02:00'),
    ),
    weeklyAt: setting(
      'BACKUP_WEEKLY_AT',
      'when the weekly backup is made, in UTC',
      text(
        /^(off|(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day ([01]\d|2[0-3]):[0-5]\d)$/,
        'a day and time such as Monday 03:00, or off',
        'Monday 03:00',
      ),
    ),
    format: setting(
      'BACKUP_FORMAT',
      "pg_dump's custom format, or SQL with gzip",
      choice(['custom', 'plain'], 'custom'),
    ),
    compression: setting(
      'BACKUP_COMPRESSION',
      'how hard backups are compressed, from not at all to slowly',
      count({ min: 0, max: 9, default: 6 }),
    ),
    pgDump: setting(
      'PG_DUMP_PATH',
      'pg_dump of PostgreSQL; psql and pg_restore are taken from the same folder',
      text(/^[^\0]+$/, 'a program', 'pg_dump'),
    ),
    timeout: setting(
      'BACKUP_TIMEOUT',
      'after how long a backup, its restore or its verification is given up',
      duration({ min: 'PT1S', max: 'P7D', default: 'PT6H' }),
    ),
    lockWait: setting(
      'BACKUP_LOCK_WAIT',
      'how long a backup or a restore waits for tables that others hold',
      duration({ min: 'PT0.1S', max: 'PT1H', default: 'PT1M' }),
    ),
    lease: setting(
      'BACKUP_LEASE',
      'after how long without a sign of life the process that makes a backup is taken for dead',
      duration({ min: 'PT1S', max: 'PT1H', default: 'PT1M' }),
    ),
    checkInterval: setting(
      'BACKUP_CHECK_INTERVAL',
      'how often the schedule is looked at where no timer said so, and old backups are deleted',
      duration({ min: 'PT1S', max: 'PT1H', default: 'PT10M' }),
    ),
    retryAfter: setting(
      'BACKUP_RETRY_AFTER',
      'after how long a scheduled backup that failed is tried again',
      duration({ min: 'PT1S', max: 'P1D', default: 'PT15M' }),
    ),
  },
  backgroundProcesses: {
    controlInterval: setting(
      'PROCESS_CONTROL_INTERVAL',
      'how often it is looked up whether somebody paused, resumed or wants to run a background process',
      duration({ min: 'PT0.1S', max: 'PT1M', default: 'PT15S' }),
    ),
    retryBaseDelay: setting(
      'PROCESS_RETRY_BASE_DELAY',
      'the wait after a failed run of a background process; it doubles, with jitter',
      duration({ min: 'PT0.01S', max: 'PT1M', default: 'PT0.25S' }),
    ),
    retryMaxDelay: setting(
      'PROCESS_RETRY_MAX_DELAY',
      'the longest wait after a failed run',
      duration({ min: 'PT0.01S', max: 'PT1H', default: 'PT15S' }),
    ),
  },
  maintenance: {
    retryAfter: setting(
      'MAINTENANCE_RETRY_AFTER',
      'when whoever is refused because of maintenance is asked to come back',
      duration({ min: 'PT1S', max: 'P1D', default: 'PT30S' }),
    ),
    checkInterval: setting(
      'MAINTENANCE_CHECK_INTERVAL',
      'how often a process asks whether it is maintenance, where it was not told',
      duration({ min: 'PT0.1S', max: 'PT1H', default: 'PT30S' }),
    ),
    readiness: setting(
      'MAINTENANCE_READINESS',
      'what /health/ready says in maintenance: not-ready, so that no requests are sent here, or ready, so that reads go on behind a load balancer that asks it',
      choice(['not-ready', 'ready'], 'not-ready'),
    ),
  },
  health: {
    schedulerLagDegraded: setting(
      'HEALTH_SCHEDULER_LAG_DEGRADED',
      'reminders that are later than this make /health/scheduler degraded',
      notLongerThan(
        'HEALTH_SCHEDULER_LAG_UNHEALTHY',
        duration({ min: 'PT0.1S', max: 'P1D', default: 'PT10S' }),
      ),
    ),
    schedulerLagUnhealthy: setting(
      'HEALTH_SCHEDULER_LAG_UNHEALTHY',
      'and later than this, unhealthy',
      duration({ min: 'PT0.1S', max: 'P1D', default: 'PT1M' }),
    ),
    webhookLagDegraded: setting(
      'HEALTH_WEBHOOK_LAG_DEGRADED',
      'events that wait longer than this for an endpoint that is well make /health/webhook degraded',
      notLongerThan(
        'HEALTH_WEBHOOK_LAG_UNHEALTHY',
        duration({ min: 'PT0.1S', max: 'P1D', default: 'PT30S' }),
      ),
    ),
    webhookLagUnhealthy: setting(
      'HEALTH_WEBHOOK_LAG_UNHEALTHY',
      'and longer than this, unhealthy',
      duration({ min: 'PT0.1S', max: 'P1D', default: 'PT5M' }),
    ),
    probeTimeout: setting(
      'HEALTH_PROBE_TIMEOUT',
      'how long a part may take to answer a probe before it is unhealthy',
      duration({ min: 'PT0.05S', max: 'PT30S', default: 'PT1S' }),
    ),
    diskFreeDegraded: setting(
      'HEALTH_DISK_FREE_DEGRADED',
      'a smaller share of free space on the disk of DATA_DIR or BACKUP_DIR, in percent, makes it degraded',
      count({ min: 0, max: 100, default: 10 }),
    ),
    diskFreeUnhealthy: setting(
      'HEALTH_DISK_FREE_UNHEALTHY',
      'and a smaller share than this, unhealthy',
      count({ min: 0, max: 100, default: 3 }),
    ),
    eventLoopLagDegraded: setting(
      'HEALTH_EVENT_LOOP_LAG_DEGRADED',
      'a longer delay of one event in a hundred makes the process degraded',
      duration({ min: 'PT0.01S', max: 'PT1M', default: 'PT0.5S' }),
    ),
    heapUsedDegraded: setting(
      'HEALTH_HEAP_USED_DEGRADED',
      'a larger share of the heap that Node may use, in percent, makes the process degraded',
      count({ min: 1, max: 100, default: 90 }),
    ),
  },
  monitoring: {
    interval: setting(
      'MONITORING_INTERVAL',
      'how often the monitor looks at each part, unless it was started with another interval',
      duration({ min: 'PT1S', max: 'PT1H', default: 'PT30S' }),
    ),
    historyInterval: setting(
      'MONITORING_HISTORY_INTERVAL',
      'how often what it saw is written into the history; a change is written at once',
      duration({ min: 'PT1S', max: 'PT1H', default: 'PT1M' }),
    ),
    retention: setting(
      'MONITORING_RETENTION',
      'how long the history is kept',
      duration({ min: 'PT1H', max: 'P366D', default: 'P7D' }),
    ),
    responseTimeDegraded: setting(
      'MONITORING_RESPONSE_TIME_DEGRADED',
      'a database or a Redis that takes longer to answer the monitor is degraded',
      notLongerThan(
        'MONITORING_RESPONSE_TIME_UNHEALTHY',
        duration({ min: 'PT0.001S', max: 'PT1M', default: 'PT0.25S' }),
      ),
    ),
    responseTimeUnhealthy: setting(
      'MONITORING_RESPONSE_TIME_UNHEALTHY',
      'and longer than this, unhealthy; HEALTH_PROBE_TIMEOUT ends the waiting',
      duration({ min: 'PT0.001S', max: 'PT1M', default: 'PT0.75S' }),
    ),
    samplesToWorsen: setting(
      'MONITORING_SAMPLES_TO_WORSEN',
      'how many samples in a row have to be worse before an alert is raised',
      count({ min: 1, max: 100, default: 2 }),
    ),
    samplesToRecover: setting(
      'MONITORING_SAMPLES_TO_RECOVER',
      'how many samples in a row have to be better before it is resolved',
      count({ min: 1, max: 100, default: 3 }),
    ),
  },
  alerts: {
    source: setting(
      'ALERT_SOURCE',
      'what this installation is called in alerts; two that share a channel need two names',
      text(/^[\w.:-]{1,100}$/, 'letters, digits, . : _ -', 'otklik'),
    ),
    slackUrl: setting(
      'SLACK_WEBHOOK_URL',
      'an incoming webhook of Slack that alerts are sent to; without it, none are',
      secretUrl('https://hooks.slack.com/services/T…/B…/…'),
    ),
    pagerDutyKey: setting(
      'PAGERDUTY_ROUTING_KEY',
      'the integration key of a PagerDuty service (Events API v2) that alerts are sent to; without it, none are',
      secret(32, 'PagerDuty: Service, Integrations, Events API V2'),
    ),
    pagerDutyUrl: setting(
      'PAGERDUTY_URL',
      'where PagerDuty takes events; the EU region has its own address',
      text(/^https?:\/\/[^\s@]+$/, 'an http or https address', 'https://events.pagerduty.com/v2/enqueue'),
    ),
    timeout: setting(
      'ALERT_TIMEOUT',
      'the deadline of one request to Slack or PagerDuty',
      duration({ min: 'PT0.05S', max: 'PT1M', default: 'PT10S' }),
    ),
    breakerFailures: setting(
      'ALERT_BREAKER_FAILURES',
      'failures in a row after which Slack or PagerDuty gets a pause',
      count({ min: 1, max: 1000, default: 5 }),
    ),
    breakerPause: setting(
      'ALERT_BREAKER_PAUSE',
      'how long that pause is',
      duration({ min: 'PT0.01S', max: 'PT1H', default: 'PT30S' }),
    ),
    retryBaseDelay: setting(
      'ALERT_RETRY_BASE_DELAY',
      'the wait before an alert that was not taken is sent again; it doubles, with jitter',
      duration({ min: 'PT0.01S', max: 'PT1H', default: 'PT15S' }),
    ),
    retryMaxDelay: setting(
      'ALERT_RETRY_MAX_DELAY',
      'the longest such wait, also where Retry-After asks for more',
      duration({ min: 'PT0.01S', max: 'P1D', default: 'PT15M' }),
    ),
    retention: setting(
      'ALERT_RETENTION',
      'how long a resolved alert is kept',
      duration({ min: 'PT1H', max: 'P3650D', default: 'P90D' }),
    ),
  },
  tracing: {
    endpoint: setting(
      'OTEL_EXPORTER_OTLP_ENDPOINT',
      'where OpenTelemetry sends traces, over OTLP/HTTP; without it none are taken. Its other variables, OTEL_…, hold too',
      otlpEndpoint,
    ),
  },
  errorReports: {
    dsn: setting(
      'SENTRY_DSN',
      'where unexpected errors are reported, in the protocol of Sentry; nowhere without it',
      dsn,
    ),
    environment: setting(
      'SENTRY_ENVIRONMENT',
      'what the reports call this installation',
      text(/^[A-Za-z0-9._-]{1,64}$/, 'letters, digits, dots, hyphens', 'production'),
    ),
    samplePercent: setting(
      'SENTRY_SAMPLE_PERCENT',
      'how many of a hundred errors are reported',
      count({ min: 0, max: 100, default: 100 }),
    ),
    timeout: setting(
      'SENTRY_TIMEOUT',
      'how long a report may take before it is given up',
      duration({ min: 'PT0.1S', max: 'PT1M', default: 'PT5S' }),
    ),
  },
  metrics: {
    token: setting(
      'METRICS_TOKEN',
      'what Prometheus sends to read /metrics: a key of the configuration that needs no database and has the scope system:read',
      secret(32, 'openssl rand -hex 32'),
    ),
    databaseInterval: setting(
      'METRICS_DATABASE_INTERVAL',
      'how often at most the database is asked for the sake of metrics',
      duration({ min: 'PT0S', max: 'PT1H', default: 'PT15S' }),
    ),
  },
  statistics: {
    interval: setting(
      'STATISTICS_INTERVAL',
      'how often new events are counted: so old GET /api/system/stats may be',
      duration({ min: 'PT0.1S', max: 'PT1H', default: 'PT30S' }),
    ),
    batchSize: setting(
      'STATISTICS_BATCH_SIZE',
      'most events that one transaction counts',
      count({ min: 1, max: 10_000, default: 1000 }),
    ),
    hoursKept: setting(
      'STATISTICS_HOURS_KEPT',
      'for how long hours are told apart; older ones are added up to days',
      duration({ min: 'P2D', max: 'P3650D', default: 'P90D' }),
    ),
  },
  retention: {
    conversations: setting(
      'RETENTION_CONVERSATIONS',
      'how long a closed conversation is kept, with its messages, reminders and escalations; at least IDEMPOTENCY_RETENTION',
      durationOrNever({ min: 'P1D', max: 'P3650D', default: 'never' }),
    ),
    events: setting(
      'RETENTION_EVENTS',
      'how long an event is kept; one that has deliveries, as long as these',
      durationOrNever({ min: 'P1D', max: 'P3650D', default: 'P90D' }),
    ),
    interval: setting(
      'RETENTION_INTERVAL',
      'how often what is older than it is kept is deleted, of every kind of data',
      duration({ min: 'PT1S', max: 'P1D', default: 'PT1H' }),
    ),
  },
  cleanup: {
    batchSize: setting(
      'CLEANUP_BATCH_SIZE',
      'rows that one clean-up statement deletes',
      count({ min: 1, max: 100_000, default: 5000 }),
    ),
  },
  retry: {
    attempts: setting(
      'RETRY_ATTEMPTS',
      'how often work is tried again after a deadlock, a serialisation failure or a lost connection',
      count({ min: 0, max: 10, default: 3 }),
    ),
    baseDelay: setting(
      'RETRY_BASE_DELAY',
      'the wait before the first of them; it doubles, with jitter',
      duration({ min: 'PT0.001S', max: 'PT1M', default: 'PT0.02S' }),
    ),
    maxDelay: setting(
      'RETRY_MAX_DELAY',
      'the longest wait between two of them',
      duration({ min: 'PT0.001S', max: 'PT10M', default: 'PT1S' }),
    ),
  },
  log: {
    level: setting(
      'LOG_LEVEL',
      'least severe line that is written',
      choice(['trace', 'debug', 'info', 'warn', 'error', 'fatal'], 'info'),
    ),
    format: setting(
      'LOG_FORMAT',
      'auto is pretty in a terminal, else JSON',
      choice(['auto', 'json', 'pretty'], 'auto'),
    ),
    flushInterval: setting(
      'LOG_FLUSH_INTERVAL',
      'after how long lines that wait to be written in one go are written all the same',
      duration({ min: 'PT0.01S', max: 'PT10S', default: 'PT0.25S' }),
    ),
  },
} as const;
