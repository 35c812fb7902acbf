import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { loadConfig } from '../src/config/config.js';
import { packageFolder } from '../src/config/package-folder.js';
import { productVersion } from '../src/config/product-version.js';
import { SETTINGS, type Setting } from '../src/config/settings.js';
import { type PlainYaml, parsePlainYaml } from './support/plain-yaml.js';
import { TestOtklik } from './support/test-otklik.js';

const FOLDER = packageFolder(import.meta.url);
const CHART = join(FOLDER, 'deploy/helm/otklik');
const VARIABLES = Object.values(SETTINGS).flatMap((group) =>
  Object.values<Setting<unknown>>(group).map(({ variable }) => variable),
);
/** Of the pod that `helm test` starts: no variable of Otklik. */
const OF_THE_TEST = 'ADDRESS';

const read = (path: string): string => readFileSync(join(CHART, path), 'utf8');
const templates = readdirSync(join(CHART, 'templates'), { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.(yaml|tpl|txt)$/.test(name))
  .map((name) => ({ name, text: read(join('templates', name)).replace(/\{\{\/\*.*?\*\/\}\}/gs, '') }));
const allTemplates = templates.map(({ text }) => text).join('\n');

const valueAt = (path: readonly string[], from: PlainYaml): PlainYaml | undefined =>
  path.reduce<PlainYaml | undefined>(
    (value, key) => (value as Record<string, PlainYaml> | undefined)?.[key],
    from,
  );

function all(pattern: RegExp, text: string): string[] {
  return [...text.matchAll(pattern)].map(([, found = '']) => found);
}

/**
 * Helm itself is not to be had here. This holds the chart to what it is about: the values, the settings, the routes. The
 * templates are not rendered.
 */
describe('the Helm chart', () => {
  const values = parsePlainYaml(read('values.yaml')) as Record<string, PlainYaml>;
  const valid = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(
    JSON.parse(read('values.schema.json')),
  );
  const given = (more: Record<string, unknown>) => valid({ ...values, ...more });

  it('is of the version that it installs', () => {
    expect(parsePlainYaml(read('Chart.yaml'))).toMatchObject({
      version: productVersion(),
      appVersion: productVersion(),
    });
  });

  it('has values that its schema accepts, and refuses those that cannot work', () => {
    expect(given({}) || valid.errors).toBe(true);
    expect(given({ config: { LOG_LEVEL: 'debug', DATABASE_POOL_MAX: 20 } })).toBe(true);
    for (const wrong of [
      { confg: {} },
      { config: { 'log-level': 'debug' } },
      { config: { DATABASE_URL: 'postgres://user:password@host/otklik' } },
      { config: { ROLES: 'api' } },
      { api: { ...(values.api as object), replicas: 'two' } },
      { worker: { ...(values.worker as object), replica: 2 } },
      { secrets: { ADMIN_API_KEY: '' } },
      { networkPolicy: { ...(values.networkPolicy as object), egressPorts: ['https'] } },
    ]) {
      expect([wrong, given(wrong)]).toEqual([wrong, false]);
    }
  });

  it('uses values that there are, and has none that nothing uses', () => {
    const used = all(/\.Values\.([A-Za-z]+(?:\.[A-Za-z_]+)*)/g, allTemplates)
      .map((path) => path.split('.').filter((key) => !VARIABLES.includes(key)))
      .concat(
        // What a deployment is made of gets the values of its role.
        all(/[^$\w]\.values\.([A-Za-z]+(?:\.[A-Za-z]+)*)/g, allTemplates).flatMap((path) =>
          ['api', 'worker'].map((role) => [role, ...path.split('.')]),
        ),
      );
    expect(used.length).toBeGreaterThan(40);
    for (const path of used) expect([path, valueAt(path, values)]).not.toEqual([path, undefined]);
    // `with` takes its fields without the way to them.
    const taken = new Set(['image', 'monitoring']);
    const isUsed = (path: string) =>
      taken.has(path.split('.')[0] ?? '') || used.some((one) => path.startsWith(one.join('.')));
    const leaves = (value: PlainYaml, path: string[]): string[] =>
      typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length > 0
        ? Object.entries(value).flatMap(([key, child]) => leaves(child, [...path, key]))
        : [path.join('.')];
    expect(leaves(values, []).filter((path) => !isUsed(path))).toEqual([]);
  });

  it('sets variables that Otklik reads', () => {
    const named = [
      ...all(/- name: ([A-Z][A-Z0-9_]+)\n/g, allTemplates),
      ...all(/"([A-Z][A-Z0-9_]+)"/g, allTemplates),
      ...all(/key: ([A-Z][A-Z0-9_]+)\n/g, allTemplates),
      ...all(/"([A-Z][A-Z0-9]*_[A-Z0-9_]+|ROLES|HOST|PORT)"/g, read('values.schema.json')),
    ].filter((name) => name !== OF_THE_TEST);
    expect(new Set(named).size).toBeGreaterThan(10);
    for (const name of named) expect(VARIABLES).toContain(name);
  });

  it('keeps secrets out of the ConfigMap', () => {
    const secrets = Object.values(SETTINGS)
      .flatMap((group) => Object.values<Setting<unknown>>(group))
      .filter(({ form }) => form.secret)
      .map(({ variable }) => variable);
    expect(secrets).toContain('DATABASE_URL');
    for (const name of secrets) expect([name, given({ config: { [name]: 'x' } })]).toEqual([name, false]);
  });

  it('sets them to what Otklik accepts, and gives it time to stop', () => {
    const number = (key: string) => Number(values[key]);
    for (const role of ['api', 'worker']) {
      const { process } = loadConfig({
        ROLES: role,
        SHUTDOWN_DELAY: `PT${number('shutdownDelaySeconds')}S`,
        SHUTDOWN_DEADLINE: `PT${number('shutdownDeadlineSeconds')}S`,
        BACKUP_DAILY_AT: 'off',
        BACKUP_WEEKLY_AT: 'off',
        LOG_FORMAT: 'json',
        MAINTENANCE_READINESS: 'ready',
      });
      expect(process.shutdownDelay + process.shutdownDeadline).toBeLessThan(
        number('terminationGracePeriodSeconds') * 1000,
      );
    }
  });

  it('lets no pod do more than it has to', () => {
    expect(values.podSecurityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(values.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    const pods = templates.filter(({ text }) => /^\s*containers:/m.test(text));
    expect(pods.map(({ name }) => name).toSorted()).toEqual([
      '_helpers.tpl',
      'migrations.yaml',
      join('tests', 'ready.yaml'),
    ]);
    for (const { text } of pods) {
      expect(text).toMatch(/automountServiceAccountToken: false/);
      expect(text).toMatch(/\.Values\.podSecurityContext/);
      expect(text).toMatch(/\.Values\.securityContext/);
    }
  });

  it('runs programs that the image has', () => {
    const [program = '', ...others] = all(
      /command: \[node, --enable-source-maps, dist\/(\S+)\.js\]/g,
      allTemplates,
    );
    expect(others).toEqual([]);
    expect(existsSync(join(FOLDER, `${program}.ts`))).toBe(true);
  });

  it('closes what its templates open', () => {
    for (const { name, text } of templates) {
      const opened = all(/\{\{-? *(if|with|range|define) /g, text).length;
      const closed = all(/\{\{-? *(end) *-?\}\}/g, text).length;
      expect([name, opened]).toEqual([name, closed]);
      expect(all(/(\{\{)/g, text)).toHaveLength(all(/(\}\})/g, text).length);
    }
    const defined = all(/define "([\w.]+)"/g, allTemplates);
    for (const name of all(/include "([\w.]+)"/g, allTemplates)) expect(defined).toContain(name);
  });

  it('brings the alert rules along', () => {
    expect(read('files/alerts.yml')).toBe(readFileSync(join(FOLDER, 'deploy/prometheus/alerts.yml'), 'utf8'));
  });

  it('probes routes that answer', async () => {
    const otklik = new TestOtklik();
    await otklik.start();
    const paths = all(/path: (\/\S+)/g, allTemplates).filter((path) => !path.startsWith('/metrics'));
    expect([...new Set(paths)].toSorted()).toEqual(['/health/live', '/health/ready']);
    for (const path of [...paths, '/metrics']) expect((await otklik.api.get(path)).status).toBe(200);
    await otklik.stop();
  });
});

describe('the reader of plain YAML', () => {
  it('refuses what it does not understand', () => {
    expect(parsePlainYaml("a: 1\nb:\n  c: 'x'\n  d:\n    - e\n")).toEqual({ a: 1, b: { c: 'x', d: ['e'] } });
    for (const text of ['a: &b c', 'a: [b]', 'a: b: c', 'a: 1\na: 2', 'a:', '  a: 1\nb: 2', 'a: |\n  b'])
      expect(() => parsePlainYaml(text)).toThrow();
  });
});
