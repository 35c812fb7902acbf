import { z } from 'zod';

export const clientSchema = z
  .object({
    clientId: z.string(),
    name: z.string().nullable(),
    email: z.string().nullable(),
    language: z.string().nullable(),
    timezone: z.string().nullable(),
    firstSeenAt: z.iso.datetime(),
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
