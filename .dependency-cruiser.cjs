/**
 * Which folder may import which: the arrows of docs/architecture.md, held by `npm run boundaries`.
 * A new arrow is a decision: add it here, and say why in the same commit.
 */

/** What every feature stands on. None of it knows a feature, but for the exceptions that name their file. */
const GROUND = {
  clock: [],
  config: ['resilience/error-code'],
  errors: [],
  json: [],
  resilience: ['config'],
  logging: ['config', 'resilience/error-code'],
  database: ['clock', 'config', 'logging', 'resilience'],
  redis: ['clock', 'config', 'logging', 'resilience/error-code'],
  // Parts tell it what happens; who watches registers there.
  observations: ['logging'],
  // A request carries its caller, and the OpenAPI document names the scope that each operation asks for.
  http: [
    'auth/access',
    'auth/caller',
    'config',
    'database/database-errors',
    // A write is told of before it is answered.
    'database/replicas/recent-writes',
    'errors',
    'logging',
    'observations',
    'redis',
    'resilience',
    // A request is in the trace that OpenTelemetry puts it in.
    'telemetry/spans',
  ],
  // Below those who keep something in it: what is worth warming up, they tell it.
  cache: [
    'audit',
    'auth/access',
    'clock',
    'config',
    'database',
    'http',
    'logging',
    'redis',
    'resilience/error-code',
  ],
  // Whoever does what an administrator asks for records it there.
  audit: ['auth/access', 'clock', 'config', 'database', 'errors', 'http', 'json', 'logging', 'resilience'],
  auth: ['audit', 'cache', 'clock', 'config', 'database', 'errors', 'http', 'logging', 'resilience'],
  processes: [
    'audit',
    'auth/access',
    'clock',
    'config',
    'database/(notifications|transactor)',
    'errors',
    'http',
    'logging',
    'observations',
    'resilience',
  ],
  // Below those who keep something for a while: they tell it how what is old is deleted.
  retention: [
    'audit',
    'auth/access',
    'clock',
    'config',
    'database',
    'http',
    'logging',
    'processes',
    'resilience/error-code',
  ],
  // Whoever makes something once for a key.
  idempotency: ['auth/caller', 'clock', 'config', 'errors', 'http', 'json', 'retention'],
  maintenance: [
    'audit',
    'auth/access',
    'clock',
    'config',
    'database',
    'errors',
    'http',
    'logging',
    'processes',
    'resilience',
  ],
};

const FOR_ALL = [...Object.keys(GROUND).filter((folder) => folder !== 'auth'), 'auth/access', 'auth/caller'];

/** Features import the ground, and of each other only what stands here. */
const FEATURES = {
  triage: ['config/package-folder', 'conversations/priority'],
  reminders: [
    ...FOR_ALL,
    'conversations/(conversation\\.(entity|repository)|conversation-(changes|store\\.module)|priority)',
    'escalations',
    'events/(outbox|outbox-signal|event-catalogue|events\\.module)',
    // A note is text of the same form as a message.
    'messages/message-content',
  ],
  escalations: [
    ...FOR_ALL,
    'conversations/(conversation\\.(entity|repository)|conversation-(changes|store\\.module)|priority)',
    'events/(outbox|outbox-signal|event-catalogue|events\\.module)',
  ],
  events: [...FOR_ALL, 'conversations/priority'],
  messages: [
    ...FOR_ALL,
    'clients/client\\.schemas',
    'conversations/priority',
    'events/(outbox|outbox-signal|event-catalogue|events\\.module)',
    'reminders',
    'triage/triage',
  ],
  conversations: [...FOR_ALL, 'clients/client\\.schemas', 'escalations', 'events', 'messages', 'reminders'],
  clients: [...FOR_ALL, 'conversations/priority', 'events/(outbox|events\\.module)'],
  statistics: [...FOR_ALL, 'events/event-gaps'],
  'self-check': [...FOR_ALL, 'conversations', 'escalations', 'events/(outbox|events\\.module)', 'reminders'],
  webhooks: [...FOR_ALL, 'events', 'telemetry/spans'],
  telemetry: [...FOR_ALL],
  // Names of what is counted, and the few that keep count themselves.
  metrics: [
    ...FOR_ALL,
    'backups/backup-schedule',
    'conversations/priority',
    'cache/(cache|cache-statistics)',
    'events/event-catalogue',
    'health/(disks|health\\.module)',
    'messages/(ingest-queue|message\\.schemas|messages\\.module)',
    'self-check/(self-check|faults)',
    'webhooks/(delivery\\.entity|sending/attempt-result)',
  ],
  backups: [...FOR_ALL],
  system: [...FOR_ALL],
  health: [
    ...FOR_ALL,
    'backups/backup-(files|health)',
    'self-check/(self-check|faults)',
    'redis/redis-status',
    'webhooks',
  ],
  outgoing: [...FOR_ALL],
  monitoring: [
    ...FOR_ALL,
    'events/(outbox|event-catalogue|events\\.module)',
    'health',
    'outgoing',
    'redis/redis-status',
  ],
};

const arrows = Object.entries({ ...GROUND, ...FEATURES }).map(([folder, allowed]) => ({
  name: `${folder}-imports`,
  comment: `src/${folder} imports only: ${allowed.join(', ') || 'nothing of ours'}`,
  severity: 'error',
  from: { path: `^src/${folder}/`, pathNot: '\\.spec\\.ts$' },
  to: {
    path: '^src/',
    pathNot: [folder, ...allowed].map((target) => `^src/${target}(/|\\.|$)`),
  },
}));

module.exports = {
  forbidden: [
    ...arrows,
    {
      name: 'no-circular',
      comment: 'Files that run in a circle are one file, or have an arrow too many. Types alone do not run.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'every-folder-has-arrows',
      comment: 'A new folder of src needs a line above.',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: `^src/(${Object.keys({ ...GROUND, ...FEATURES }).join('|')})/` },
      to: {},
    },
    {
      name: 'nobody-imports-the-start',
      comment:
        'main.ts, start.ts, otklik.ts: each starts the next, the last everything; nothing reaches back up.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/(main|start|welcome|otklik)\\.ts$', '\\.spec\\.ts$'] },
      to: { path: '^src/(main|start|otklik|welcome)\\.ts$' },
    },
    {
      name: 'src-stands-alone',
      comment: 'What ships does not import tests, benchmarks or the demo.',
      severity: 'error',
      from: { path: '^(src|migrations)/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^(test|bench|demo|scripts)/' },
    },
    {
      name: 'only-the-data-source-knows-migrations',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/database/data-source\\.ts$', '\\.spec\\.ts$'] },
      to: { path: '^migrations/' },
    },
    {
      name: 'no-dev-dependency-at-run-time',
      comment: 'The image has no dev dependencies: only training, which runs from a checkout, may use them.',
      severity: 'error',
      from: { path: '^(src|migrations)/', pathNot: ['\\.spec\\.ts$', '^src/triage/training/'] },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'training-is-not-run-time',
      comment: 'Training and evaluation are command-line tools; the server reads their result.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/triage/training/', '\\.spec\\.ts$'] },
      to: { path: '^src/triage/training/' },
    },
    {
      name: 'no-undeclared-package',
      comment:
        'A package that is imported stands in package.json; types alone may come with another package.',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '(^|/)dist/' },
    },
    {
      name: 'nothing-unused',
      comment: 'Every file is reached from main.ts or a command-line tool.',
      severity: 'error',
      from: { path: '^src/(main|.+\\.cli)\\.ts$' },
      to: {
        path: '^(src|migrations)/',
        pathNot: ['\\.(spec|d|cli)\\.ts$', '^src/main\\.ts$'],
        reachable: false,
      },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, pathNot: ['\\.d\\.ts$', '\\.spec\\.ts$', '\\.cli\\.ts$', '^test/support/'] },
      to: {},
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|coverage|bench/results)/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
