import { z } from 'zod';
import './validation-messages.js';

/** What is said of a value. */
function faultOf(schema: z.ZodType, value: unknown): string | undefined {
  return schema.safeParse(value).error?.issues[0]?.message;
}

describe('what is said about wrong input', () => {
  it.each<[schema: z.ZodType, value: unknown, message: string]>([
    [z.string(), undefined, 'is missing'],
    [z.enum(['low', 'high']), undefined, 'is missing'],
    [z.string(), 7, 'must be text'],
    [z.boolean(), 'yes', 'must be true or false'],
    [z.array(z.string()), {}, 'must be a list'],
    [z.object({}), 'text', 'must be an object'],
    [z.int(), 0.5, 'must be a whole number'],
    [z.enum(['low', 'high']), 'medium', 'must be one of low, high'],
    [z.literal(1), 2, 'must be 1'],
    [z.int().min(1), 0, 'must be at least 1'],
    [z.int().max(200), 201, 'must be at most 200'],
    [z.string().min(1), '', 'must have at least 1 character'],
    [z.string().max(3), 'four', 'must have at most 3 characters'],
    [z.array(z.int()).min(2), [1], 'must have at least 2 items'],
    [z.uuid(), '17', 'must be a UUID, such as 019aa5c6-7b40-7c3e-9d51-2f6a8b1c4e70'],
    [z.iso.datetime(), 'soon', 'must be a time with its zone in ISO 8601, such as 2026-11-21T09:00:00Z'],
    [z.string().regex(/^a/, 'must begin with a'), 'b', 'must begin with a'],
    [z.string().regex(/^[a-z]+$/), 'B', 'must match /^[a-z]+$/'],
  ])('is what would be right (%#)', (schema, value, message) => {
    expect(faultOf(schema, value)).toBe(message);
  });
});
