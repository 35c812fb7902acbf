import pg from 'pg';

/**
 * Connects as what a restore does not end when it ends the sessions of all others (`END_CONNECTIONS`): by this name.
 * Whoever loses the connection finds out with the next statement.
 *
 * @throws where the database cannot be reached
 */
export async function openOwnSession(url: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'otklik backups',
    keepAlive: true,
  });
  // One that nobody listens to would end the process.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
