import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageFolder } from '../config/package-folder.js';
import { eventsPage } from './documentation.js';

writeFileSync(join(packageFolder(import.meta.url), 'docs/events.md'), eventsPage());
console.log('Written: docs/events.md');
