import { DataSource } from 'typeorm';
import { runCommand } from './backup-commands.js';

/** `npm run migrate`: brings the schema up to date and ends, so that a rollout can do it before it starts processes. */
await runCommand(process.env, async (application) => {
  // Every command begins as a start does: by waiting for the database and upgrading the schema.
  const [last] = await application
    .get(DataSource)
    .query<{ name: string }[]>('select name from migrations order by id desc limit 1');
  return `The schema is up to date; the last migration is ${last?.name}.`;
});
