import { z } from 'zod';
import { EXAMPLE, event, time } from './event-definition.js';

const severity = z.enum(['degraded', 'unhealthy']);

const alert = {
  alertId: z.uuid().describe('the alert'),
  service: z.string().describe('the part that it is about, as `/health/full` calls it'),
  severity: severity.describe('how the part is, or was at last'),
  message: z.string().describe('what is wrong with it'),
  raisedAt: time().describe('since when'),
};

const EXAMPLE_ALERT = {
  alertId: EXAMPLE.alertId,
  service: 'scheduler',
  severity: 'unhealthy' as const,
  message: 'reminders are late by 61300 ms',
  raisedAt: '2026-11-21T09:00:00.120Z',
};

export const ALERT_EVENTS = {
  'alert.raised': event({
    description:
      'A part of Otklik is not well; told again under the same `alertId` where it gets worse or better.',
    version: 1,
    schema: z.strictObject({
      ...alert,
      previousSeverity: severity.nullable().describe('how it was before; null: it was healthy'),
    }),
    example: { ...EXAMPLE_ALERT, previousSeverity: null },
  }),
  'alert.resolved': event({
    description: 'The part is healthy again.',
    version: 1,
    schema: z.strictObject({ ...alert, resolvedAt: time().describe('when it was healthy again') }),
    example: { ...EXAMPLE_ALERT, resolvedAt: '2026-11-21T09:02:00.120Z' },
  }),
};
