import { randomBytes } from 'node:crypto';
import { newApiKey } from './auth/new-api-key.js';
import type { Config } from './config/config.js';
import { DataDirectory } from './database/data-directory.js';
import { EmbeddedPostgres } from './database/embedded-postgres.js';
import type { Log } from './logging/log.js';

/** The database that Otklik works on, with what came with it. */
export interface Database {
  readonly url: string;
  readonly config: Config;
  readonly newAdminApiKey: string | undefined;
  readonly adminApiKeyFile: string | undefined;
  close(): Promise<void>;
}

/**
 * Starts the embedded database, unless the configuration names another; makes the secrets that nobody has set.
 *
 * @param launched called once it starts by itself, and there is time for something else
 */
export async function openDatabase(config: Config, log: Log, launched?: () => void): Promise<Database> {
  if (config.database.url !== undefined) {
    return {
      url: config.database.url,
      config,
      newAdminApiKey: undefined,
      adminApiKeyFile: undefined,
      close: async () => undefined,
    };
  }
  const directory = await DataDirectory.open(config.database.dataDir);
  try {
    const { embeddedPort: port, startWait } = config.database;
    const options = { port, startWait, log: asEmbeddedLog(log) };
    const database = await EmbeddedPostgres.start(directory, options, launched);
    const admin =
      config.secrets.adminApiKey === undefined ? directory.secret('admin-api-key', newApiKey) : undefined;
    const encryptionKey =
      config.secrets.encryptionKey ??
      directory.secret('encryption-key', () => randomBytes(32).toString('base64')).value;
    return {
      url: database.url,
      config: {
        ...config,
        secrets: { adminApiKey: config.secrets.adminApiKey ?? admin?.value, encryptionKey },
      },
      newAdminApiKey: admin?.isNew ? admin.value : undefined,
      adminApiKeyFile: admin && directory.secretFile('admin-api-key'),
      close: async () => {
        await database.stop();
        await directory.close();
      },
    };
  } catch (error) {
    await directory.close();
    throw error;
  }
}

function asEmbeddedLog(log: Log): { info(message: string): void; warn(message: string): void } {
  return { info: (message) => log.info(message), warn: (message) => log.warn(message) };
}
