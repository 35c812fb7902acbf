import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { program } from './support/programs.js';

describe('a program that specs need', () => {
  const usual = process.env.PATH;
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'otklik-programs-'));
    process.env.PATH = folder;
  });
  afterEach(() => {
    process.env.PATH = usual;
    jest.restoreAllMocks();
    rmSync(folder, { recursive: true, force: true });
  });

  function put(name: string, script: string): string {
    const file = join(folder, name);
    writeFileSync(file, `#!/bin/sh\n${script}\n`);
    chmodSync(file, 0o755);
    return file;
  }

  /** It brings what it is asked to install. */
  function aptGet(): void {
    const file = join(folder, 'redis-server');
    put('apt-get', `if [ "$1" = install ]; then echo > ${file}; /bin/chmod +x ${file}; fi`);
  }

  const as = (uid: number) => jest.spyOn(process as { getuid(): number }, 'getuid').mockReturnValue(uid);
  const told = () => jest.spyOn(process.stderr, 'write').mockReturnValue(true);

  it('is where PATH has it', () => {
    const file = put('redis-server', '');
    expect(program('redis-server')).toBe(file);
  });

  it('is installed by root on Debian, who is told so', () => {
    as(0);
    const said = told();
    aptGet();
    expect(program('redis-server')).toBe(join(folder, 'redis-server'));
    expect(said).toHaveBeenCalledWith(expect.stringContaining('apt-get install'));
  });

  it('is missing with words that say how to get it, for anybody else and anywhere else', () => {
    as(1000);
    aptGet();
    const words = 'On Debian: sudo apt-get install --yes --no-install-recommends redis-server';
    expect(() => program('redis-server')).toThrow(words);
    as(0);
    rmSync(join(folder, 'apt-get'));
    expect(() => program('redis-server')).toThrow(words);
  });

  it('is missing where its package does not bring it', () => {
    as(0);
    told();
    put('apt-get', '');
    expect(() => program('redis-server')).toThrow('brought no redis-server');
  });
});
