import Joi from 'joi';
import {
  atMost,
  base64Key,
  choice,
  count,
  duration,
  durationInstead,
  durations,
  type Form,
  list,
  notLongerThan,
  requiredWith,
  secret,
  text,
} from './forms.js';

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
      'which parts this process runs',
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
      duration({ min: 'PT0S', max: 'PT1H', default: 'PT2S' }),
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
      duration({ min: 'PT0S', max: 'PT1M', default: 'PT15S' }),
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
    cleanupInterval: setting(
      'WEBHOOK_CLEANUP_INTERVAL',
      'how often older ones are deleted',
      duration({ min: 'PT1S', max: 'P1D', default: 'PT10M' }),
    ),
    replayBatchSize: setting(
      'WEBHOOK_REPLAY_BATCH_SIZE',
      'events that one transaction of a replay looks at',
      count({ min: 1, max: 10_000, default: 500 }),
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
  },
  cleanup: {
    idempotencyInterval: setting(
      'IDEMPOTENCY_CLEANUP_INTERVAL',
      'how often expired idempotency keys are deleted',
      duration({ min: 'PT1S', max: 'P1D', default: 'PT10M' }),
    ),
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
