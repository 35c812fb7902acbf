import { z } from 'zod';

export const clientIdSchema = z
  .string()
  .regex(/^[A-Za-z0-9._:@+-]{1,128}$/, 'must be 1 to 128 of A–Z a–z 0–9 . _ : @ + -')
  .describe("the caller's own name for the client")
  .meta({ example: 'shop-42' });

export const clientSchema = z
  .object({
    clientId: z.string().describe("the caller's own name for the client"),
    name: z.string().nullable().describe('as people call the client'),
    email: z.string().nullable().describe('where the client can be written to'),
    language: z.string().nullable().describe('the language that the client reads, as a BCP 47 tag'),
    timezone: z.string().nullable().describe('where the client lives, as an IANA time zone'),
    firstSeenAt: z.iso.datetime().describe('when the client first wrote'),
    lastSeenAt: z.iso.datetime().describe('the last time that something was written by or to the client'),
  })
  .meta({ id: 'Client' });

export type ClientView = z.infer<typeof clientSchema>;

export const EXAMPLE_CLIENT: ClientView = {
  clientId: 'shop-42',
  name: 'Anna Ozola',
  email: 'anna@shop.example',
  language: 'en',
  timezone: 'Europe/Riga',
  firstSeenAt: '2026-11-21T09:00:00.120Z',
  lastSeenAt: '2026-11-21T09:02:00.000Z',
};
