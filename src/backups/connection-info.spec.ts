import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withConnectionInfo } from './connection-info.js';

const URL = 'postgres://otklik:a%3Asecret@db.example.com:6543/otklik?sslmode=no-verify';

/** As whoever is killed leaves it. */
function leave(pid: number): string {
  const folder = mkdtempSync(join(tmpdir(), `otklik-backup-${pid}-`));
  writeFileSync(join(folder, 'pgpass'), 'secret');
  return folder;
}

describe('the way to the database that programs are told', () => {
  it('has the password in a file that is gone afterwards', async () => {
    const file = await withConnectionInfo(URL, async (words) => {
      expect(words).not.toContain('secret');
      expect(words).toMatch(
        /host='db.example.com' port='6543' user='otklik' dbname='otklik'.* sslmode='require'/,
      );
      const passfile = /passfile='([^']+)'/.exec(words)?.[1] ?? '';
      expect(readFileSync(passfile, 'utf8')).toBe('*:*:*:*:a\\:secret\n');
      return passfile;
    });
    expect(existsSync(join(file, '..'))).toBe(false);
  });

  it('clears away what a process that was killed has left, and nothing else', async () => {
    const abandoned = leave(spawnSync('true').pid);
    const [ofOneThatLives, ofAnother] = [leave(process.pid), join(tmpdir(), 'otklik-backup-notes')];
    mkdirSync(ofAnother, { recursive: true });
    try {
      await withConnectionInfo(URL, async () => undefined);
      expect([abandoned, ofOneThatLives, ofAnother].map((folder) => existsSync(folder))).toEqual([
        false,
        true,
        true,
      ]);
    } finally {
      for (const folder of [ofOneThatLives, ofAnother]) rmSync(folder, { recursive: true });
    }
  });
});
