import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXAMPLE_CACHE_STATS } from '../src/cache/cache.schemas.js';
import { cachePolicies } from '../src/cache/cache-policies.js';
import { loadConfig } from '../src/config/config.js';
import { parseDuration } from '../src/config/duration.js';
import { packageFolder } from '../src/config/package-folder.js';
import { EXAMPLE_PROCESS } from '../src/processes/process.schemas.js';

const ROOT = packageFolder(import.meta.url);
const text = (path: string) => readFileSync(join(ROOT, path), 'utf8');

/** Held to the settings by a spec of its own. */
const PAGE = 'docs/configuration.md';

const UNITS: Readonly<Record<string, number>> = {
  '%': 1,
  MB: 1024 * 1024,
  s: 1_000,
  second: 1_000,
  min: 60_000,
  minute: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  day: 86_400_000,
};

/** A setting with its default behind it: `NAME` (5 s), `NAME`, 5 s | or `NAME`: 5 days; */
const SAID =
  /`([A-Z][A-Z0-9_]+)`(?: \(|, |: )([\d.]+) (%|MB|s|seconds?|min|minutes?|h|hours?|days?)(?= ?[),;|])/g;

const defaults = new Map(
  [...text(PAGE).matchAll(/^\| `([A-Z0-9_]+)` \|.*\| `([^`]+)` \|$/gm)].map(([, name, value]) => [
    name,
    value,
  ]),
);

const pages = ['docs', 'docs/adr'].flatMap((folder) =>
  readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name}`),
);

describe('the defaults that people read of', () => {
  const said = ['README.md', ...pages].flatMap((page) =>
    [...text(page).matchAll(SAID)].map(([, name, amount, unit = '']) => ({
      page,
      name,
      value: Number(amount) * (UNITS[unit.replace(/(?<=..)s$/, '')] ?? Number.NaN),
    })),
  );

  it('are those of the settings, on every page', () => {
    expect(said.length).toBeGreaterThan(30);
    const meant = said.map(({ name }) => {
      const value = defaults.get(name) ?? '';
      return parseDuration(value) ?? Number(value);
    });
    expect(said).toEqual(said.map((one, index) => ({ ...one, value: meant[index] })));
  });

  it('are those of the settings in examples of the API', () => {
    const config = loadConfig({});
    const policies = cachePolicies(config);
    for (const { kind, ttlSeconds, compressed, shared } of EXAMPLE_CACHE_STATS.kinds) {
      const { ttl, isCompressed, isShared } = policies[kind];
      expect({ kind, ttlSeconds, compressed, shared }).toEqual({
        kind,
        ttlSeconds: ttl / 1_000,
        compressed: isCompressed,
        shared: isShared,
      });
    }
    const { lastRunAt, nextRunAt } = EXAMPLE_PROCESS;
    expect(Date.parse(nextRunAt ?? '') - Date.parse(lastRunAt ?? '')).toBe(config.reminders.pollInterval);
  });
});
