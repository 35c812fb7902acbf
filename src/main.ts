import { enableCompileCache, setSourceMapsSupport } from 'node:module';
import { join } from 'node:path';
import { packageFolder } from './config/package-folder.js';

// Errors name the lines that people wrote. The flag of Node would read the maps of every library, at each start.
setSourceMapsSupport(true, { nodeModules: false });

// Spares the next start a part of the compiling. Where it cannot be written, nothing is lost.
enableCompileCache(join(packageFolder(import.meta.url), 'node_modules/.cache/otklik'));

// Imported from here, so that both hold for it.
await import('./start.js');
