import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configurationPage, envExample } from './documentation.js';
import { packageFolder } from './package-folder.js';

const root = packageFolder(import.meta.url);
writeFileSync(join(root, '.env.example'), envExample());
writeFileSync(join(root, 'docs/configuration.md'), configurationPage());
console.log('Written: .env.example, docs/configuration.md');
