import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The folder of the package this module belongs to. tsc copies no data files, so the data files are
 * read from `src` both by the sources and by what was compiled from them.
 *
 * @throws Error when no folder above the module holds a package.json.
 */
export function packageFolder(moduleUrl: string): string {
  let folder = dirname(fileURLToPath(moduleUrl));
  while (!existsSync(join(folder, 'package.json'))) {
    const above = dirname(folder);
    if (above === folder) throw new Error(`No package.json in any folder above ${fileURLToPath(moduleUrl)}`);
    folder = above;
  }
  return folder;
}
