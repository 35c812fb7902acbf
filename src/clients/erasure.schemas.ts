import { z } from 'zod';

export const erasureSchema = z
  .object({
    id: z.uuid().describe('what the erasure is known by'),
    clientHash: z.string().describe('SHA-256 of the `clientId`, in hexadecimal'),
    requestedAt: z.iso.datetime().describe('when the client was taken away'),
    finishedAt: z.iso.datetime().nullable().describe('when nothing was left; null: it goes on'),
  })
  .meta({ id: 'Erasure' });

export type ErasureView = z.infer<typeof erasureSchema>;

export const EXAMPLE_ERASURE: ErasureView = {
  id: '019aa5cb-1f20-7a44-8c31-4d5e6f708192',
  clientHash: 'eb9883a7850b239032e6b842ca91999bce95dc20e109ff99500fad3c2f0cc876',
  requestedAt: '2026-11-21T09:30:00.000Z',
  finishedAt: null,
};
