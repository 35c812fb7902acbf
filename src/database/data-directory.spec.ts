import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataDirectory } from './data-directory.js';

describe('the data directory', () => {
  const folder = mkdtempSync(join(tmpdir(), 'otklik-data-directory-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('is made with all that it lies in, its secrets closed to others', async () => {
    const path = join(folder, 'var', 'lib', 'otklik');
    const directory = await DataDirectory.open(path);
    await directory.close();
    expect(statSync(join(path, 'secrets')).mode & 0o777).toBe(0o700);
    expect(existsSync(join(folder, 'var', 'lib'))).toBe(true);
  });

  it('can be there already', async () => {
    const path = join(folder, 'again');
    for (let start = 0; start < 2; start++) await (await DataDirectory.open(path)).close();
    expect(existsSync(join(path, 'secrets'))).toBe(true);
  });

  // Without a guard, making a folder in /proc never ends.
  const IMPOSSIBLE = process.platform === 'linux' ? ['/proc/otklik', '/proc/otklik/data'] : [];

  it.each(['a-file', 'a-file/below', ...IMPOSSIBLE])(
    'is refused by name where it cannot be: %s',
    async (name) => {
      writeFileSync(join(folder, 'a-file'), '');
      const path = name.startsWith('/') ? name : join(folder, name);
      await expect(DataDirectory.open(path)).rejects.toThrow(
        `The data directory ${path} is not a folder, and cannot be made one`,
      );
    },
  );
});
