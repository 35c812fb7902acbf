import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageFolder } from '../src/config/package-folder.js';
import { TestOtklik } from './support/test-otklik.js';

const PROGRAM = join(packageFolder(import.meta.url), 'dist/src/audit.cli.js');

interface Ended {
  readonly code: number;
  readonly output: string;
  readonly faults: string;
}

describe('npm run audit:verify', () => {
  const otklik = new TestOtklik();
  beforeAll(async () => {
    await otklik.start();
    for (const name of ['a', 'b', 'c']) await otklik.createKey({ name, scopes: ['messages:read'] });
  });
  afterAll(() => otklik.stop());

  /** Runs the command as somebody at a shell does, beside the Otklik that runs. */
  function verify(...options: readonly string[]): Promise<Ended> {
    const env = {
      PATH: process.env.PATH,
      DATABASE_URL: otklik.database.url,
      ADMIN_API_KEY: otklik.adminApiKey,
      SECRET_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    };
    return new Promise((resolve) => {
      execFile(process.execPath, [PROGRAM, ...options], { cwd: tmpdir(), env }, (error, output, faults) =>
        resolve({ code: error ? Number(error.code) : 0, output, faults }),
      );
    });
  }

  const hashes = async () =>
    (await otklik.database.query<{ hash: string }>('select hash from audit_log order by number')).map(
      ({ hash }) => hash,
    );

  it('says that all is as it was written, and what the last entry is', async () => {
    const last = (await hashes()).at(-1);
    expect(await verify('--expect', last ?? '')).toEqual({
      code: 0,
      output: `The audit log is as it was written: 3 entries; the last is 3, ${last}\n`,
      faults: '',
    });
  });

  it('fails where there is no such entry any more', async () => {
    const { code, faults } = await verify('--expect', 'f'.repeat(64));
    expect(code).toBe(1);
    expect(faults).toContain('made anew');
  });

  it('takes a second history, which a restore has brought, for what it is', async () => {
    await otklik.database.execute(
      `create table kept as select * from audit_log where number > 1;
       alter table audit_log disable trigger user; delete from audit_log where number > 1`,
    );
    await otklik.createKey({ name: 'another', scopes: ['messages:read'] });
    await otklik.database.execute('insert into audit_log select * from kept');
    await otklik.createKey({ name: 'after both', scopes: ['messages:read'] });
    const { code, output } = await verify();
    expect(code).toBe(0);
    expect(output).toMatch(
      /5 entries; [1-9] do not follow the one before them, as after a restore; the last is 4/,
    );
  });

  it('names the first entry that somebody has changed, and fails', async () => {
    const [, id] = (
      await otklik.database.query<{ id: string }>('select id from audit_log order by number, id')
    ).map((row) => row.id);
    await otklik.database.query(`update audit_log set actor_name = 'eve' where id = $1`, [id]);
    const { code, output, faults } = await verify();
    expect([code, output]).toEqual([1, '']);
    expect(faults).toContain(`The audit log is broken at entry 2 (${id}, `);
    expect(faults).toContain('it is not as it was recorded');
  });
});
