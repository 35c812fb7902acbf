import { z } from 'zod';
import { event, time } from './event-definition.js';

export const CLIENT_EVENTS = {
  'client.erased': event({
    description:
      'Everything about a client was deleted, its events included. Who keeps data of clients deletes its own, too.',
    version: 1,
    schema: z.strictObject({
      clientHash: z
        .string()
        .describe('SHA-256 of the `clientId`, in hexadecimal: who knows the id finds it, nobody else does'),
      erasedAt: time().describe('when nothing was left'),
    }),
    example: {
      clientHash: 'eb9883a7850b239032e6b842ca91999bce95dc20e109ff99500fad3c2f0cc876',
      erasedAt: '2026-11-21T09:30:00.000Z',
    },
  }),
};
