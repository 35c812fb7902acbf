import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageFolder } from '../src/config/package-folder.js';
import { Metrics } from '../src/metrics/metrics.js';
import { Scrape } from './support/scrape.js';
import { TestOtklik } from './support/test-otklik.js';

const FOLDER = packageFolder(import.meta.url);
const DASHBOARDS = join(FOLDER, 'deploy/grafana');

/** What the files use of PromQL; a new one has to be looked up before it goes in here. */
const FUNCTIONS = [
  'absent',
  'count',
  'histogram_quantile',
  'increase',
  'max',
  'min',
  'min_over_time',
  'rate',
  'sum',
];
const WORDS = ['by', 'le', 'e'];
/** Made by Prometheus for each of its targets. */
const OF_PROMETHEUS = ['up'];

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly runbook: string;
}

const RULE =
  /^ {6}- alert: (\w+)\n {8}expr: (.+)\n {8}for: (?:\d+[mh])\n {8}labels:\n {10}severity: (?:critical|warning)\n {8}annotations:\n {10}summary: (.+\.)\n {10}runbook: (\S+)\n/;
/** A plain YAML scalar must not begin like something else, nor hold what ends it. */
const PLAIN = /^(?![\s"'&*!|>%@`{[#,?:-])(?!.*(?:: | #)).+$/;

/** Reads the rules in the one form that the file has, which is YAML; everything else in it is a fault. */
function rulesOf(text: string): Rule[] {
  const head = /^(?:#.*\n)+groups:\n {2}- name: otklik\n {4}rules:\n/.exec(text);
  if (!head) throw new Error('The file of rules does not begin as it should.');
  const rules: Rule[] = [];
  for (let rest = text.slice(head[0].length); rest !== ''; ) {
    const [all, alert = '', expr = '', summary = '', runbook = ''] = RULE.exec(rest) ?? [];
    if (all === undefined) throw new Error(`This is no rule: ${rest.slice(0, 200)}`);
    for (const scalar of [expr, summary])
      if (!PLAIN.test(scalar)) throw new Error(`This is not plain: ${scalar}`);
    rules.push({ alert, expr, runbook });
    rest = rest.slice(all.length);
  }
  return rules;
}

/** The metrics that an expression reads. @throws Error where it is none that we know how to read */
function metricsIn(expression: string): string[] {
  const bare = expression
    .replace(/"[^"]*"/g, '""')
    .replace(/\[[^\]]*\]/g, '')
    .replace(/\{[^}]*\}/g, '');
  for (let depth = 0, at = 0; at <= bare.length; at++) {
    depth += bare[at] === '(' ? 1 : bare[at] === ')' ? -1 : 0;
    if (depth < 0 || (at === bare.length && depth !== 0)) throw new Error(`Unbalanced: ${expression}`);
  }
  const grouping = /\bby \(([a-z, ]*)\)/g;
  return [...bare.replace(grouping, '').matchAll(/[a-zA-Z_]\w*(\s*\()?/g)].flatMap(([word, call]) => {
    const name = word.replace(/\W/g, '');
    if (call === undefined) return WORDS.includes(name) ? [] : [name];
    if (!FUNCTIONS.includes(name)) throw new Error(`${name} is no function that we use: ${expression}`);
    return [];
  });
}

function dashboards(): {
  uid: string;
  title: string;
  panels: { title: string; targets: { expr: string }[] }[];
}[] {
  return readdirSync(DASHBOARDS).map((file) => JSON.parse(readFileSync(join(DASHBOARDS, file), 'utf8')));
}

describe('what is delivered for monitoring', () => {
  const rules = rulesOf(readFileSync(join(FOLDER, 'deploy/prometheus/alerts.yml'), 'utf8'));
  const otklik = new TestOtklik({ env: { ROLES: 'api,worker' } });
  let known: Set<string>;
  beforeAll(async () => {
    await otklik.start();
    const scrape = await Scrape.of(otklik.api);
    // What never happened has no series, but its kind is declared all the same.
    const declared = [...scrape.text.matchAll(/^# TYPE (\S+) (\w+)$/gm)].flatMap(([, name = '', kind]) =>
      kind === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    );
    known = new Set([...scrape.names, ...declared, ...OF_PROMETHEUS]);
  });
  afterAll(() => otklik.stop());

  it('are alert rules on metrics that there are', () => {
    expect(rules.length).toBeGreaterThan(20);
    for (const { expr } of rules) for (const name of metricsIn(expr)) expect(known).toContain(name);
  });

  it('explains each alert in the runbook, and no other', () => {
    const runbook = readFileSync(join(FOLDER, 'docs/runbook.md'), 'utf8');
    const headings = [...runbook.matchAll(/^## (\w+)$/gm)].map(([, heading]) => heading);
    expect(headings).toEqual(rules.map(({ alert }) => alert));
    for (const { alert, runbook: link } of rules) expect(link).toBe(`docs/runbook.md#${alert.toLowerCase()}`);
  });

  it('are dashboards on metrics that there are', () => {
    const all = dashboards();
    expect(all.map(({ uid }) => uid).toSorted()).toEqual(
      ['caches', 'database', 'ingest', 'overview', 'processes', 'reminders', 'webhooks'].map(
        (name) => `otklik-${name}`,
      ),
    );
    for (const { panels } of all) {
      expect(panels.length).toBeGreaterThan(5);
      for (const { targets } of panels) {
        for (const { expr } of targets) for (const name of metricsIn(expr)) expect(known).toContain(name);
      }
    }
  });

  it('lists every metric in the docs, with its kind and its meaning', async () => {
    const rows = (await otklik.part(Metrics).described())
      .map(({ name, type, help }) => `| \`${name}\` | ${type} | ${help} |`)
      .toSorted();
    const page = readFileSync(join(FOLDER, 'docs/metrics.md'), 'utf8');
    expect(page.split('\n').filter((line) => line.startsWith('| `otklik_'))).toEqual(rows);
  });

  it('finds what it should not pass', () => {
    expect(metricsIn('sum(rate(a_total{b="c"}[5m])) / max by (d) (e_seconds) > 0.5')).toEqual([
      'a_total',
      'e_seconds',
    ]);
    expect(() => metricsIn('sum(a')).toThrow('Unbalanced');
    expect(() => metricsIn('guess(a)')).toThrow('no function');
    expect(() => rulesOf('groups:\n')).toThrow('begin');
  });
});
