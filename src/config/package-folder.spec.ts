import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { packageFolder } from './package-folder.js';

describe('packageFolder', () => {
  it('is the same from the sources and from what was compiled of them', () => {
    const folder = packageFolder(import.meta.url);
    expect(existsSync(join(folder, 'src', 'triage', 'safety-rules.json'))).toBe(true);
    const compiled = pathToFileURL(join(folder, 'dist', 'src', 'triage', 'offline-triage.js')).href;
    expect(packageFolder(compiled)).toBe(folder);
  });

  it('refuses a module outside any package', () => {
    expect(() => packageFolder('file:///no-such-folder/x.js')).toThrow('No package.json');
  });
});
