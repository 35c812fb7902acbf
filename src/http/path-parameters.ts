import { z } from 'zod';

/** The `{id}` of a path. */
export const idSchema = z
  .uuid()
  .describe('the id, a UUID')
  .meta({ example: '019aa5c6-7b40-7c3e-9d51-2f6a8b1c4e70' });
