import { z } from 'zod';

/**
 * The `{id}` of a path.
 *
 * @param what whose id it is
 */
export function idOf(what: string, example: string) {
  return z.uuid().describe(`the id of the ${what}`).meta({ example });
}
