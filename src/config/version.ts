import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageFolder } from './package-folder.js';

/** The version of this Otklik. */
export function version(): string {
  const file = join(packageFolder(import.meta.url), 'package.json');
  const { version: number } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  return number;
}
