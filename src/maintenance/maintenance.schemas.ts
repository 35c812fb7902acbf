import { z } from 'zod';

export const changeMaintenanceSchema = z
  .strictObject({
    enabled: z.boolean().describe('whether it shall be maintenance'),
    reason: z
      .string()
      .trim()
      .min(1)
      .max(500)
      .refine(
        (text) => text.isWellFormed() && !/\p{Cc}/u.test(text),
        'must be text without control characters',
      )
      .optional()
      .describe('why, in a sentence: whoever is refused reads it'),
  })
  .meta({
    id: 'ChangeMaintenance',
    example: { enabled: true, reason: 'The database moves to another machine until 10:00.' },
  });

export type ChangeMaintenance = z.infer<typeof changeMaintenanceSchema>;

export const maintenanceSchema = z
  .object({
    enabled: z.boolean().describe('whether it is maintenance'),
    reason: z.string().nullable().describe('why; null: it is not'),
    since: z.iso.datetime().nullable().describe('when it was entered; null: it is not'),
    by: z.string().nullable().describe('whose API key entered it; otklik: a restore; null: it is not'),
  })
  .meta({ id: 'Maintenance' });

export type MaintenanceView = z.infer<typeof maintenanceSchema>;

export const EXAMPLE_MAINTENANCE: MaintenanceView = {
  enabled: true,
  reason: 'The database moves to another machine until 10:00.',
  since: '2026-11-21T09:00:00.000Z',
  by: 'administrator',
};

export const EXAMPLE_NO_MAINTENANCE: MaintenanceView = {
  enabled: false,
  reason: null,
  since: null,
  by: null,
};
