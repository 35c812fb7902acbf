import { z } from 'zod';
import { pageOf, pageQuery } from '../../http/pagination.js';

const severitySchema = z.enum(['degraded', 'unhealthy']);

const noticeSchema = z
  .object({
    channel: z.string().describe('slack or pagerduty'),
    action: z.enum(['raise', 'resolve']).describe('what it was told'),
    severity: severitySchema.describe('how bad the part was'),
    status: z.enum(['sent', 'pending']).describe('pending: it was not taken yet, and is sent again'),
    attempts: z.int().describe('how often it was sent'),
    sentAt: z.iso.datetime().nullable().describe('when it was taken'),
    lastError: z.string().nullable().describe('why it was not taken the last time'),
  })
  .meta({ id: 'AlertNotice' });

export const alertSchema = z
  .object({
    id: z.uuid(),
    service: z.string().describe('the part that it is about, as `/health/full` calls it'),
    status: z.enum(['open', 'resolved']),
    severity: severitySchema.describe('how bad the part is, or was at last'),
    message: z.string().describe('what is wrong with it'),
    raisedAt: z.iso.datetime().describe('since when'),
    changedAt: z.iso.datetime().describe('when it became as bad as it is'),
    resolvedAt: z.iso.datetime().nullable().describe('when the part was healthy again; null: it is not'),
    notices: z.array(noticeSchema).describe('whom it was told, the oldest first'),
  })
  .meta({ id: 'Alert' });

export type AlertView = z.infer<typeof alertSchema>;

export const alertPageSchema = pageOf(alertSchema, 'AlertPage');

export const listAlertsSchema = z.strictObject({
  ...pageQuery,
  status: z.enum(['open', 'resolved']).optional().describe('only those that are').meta({ example: 'open' }),
});

export type ListAlerts = z.infer<typeof listAlertsSchema>;

export const EXAMPLE_ALERT: AlertView = {
  id: '019aa5ca-6a10-7c41-9e22-1f2a3b4c5d6e',
  service: 'scheduler',
  status: 'resolved',
  severity: 'unhealthy',
  message: 'reminders are late by 61300 ms',
  raisedAt: '2026-11-21T09:00:00.120Z',
  changedAt: '2026-11-21T09:02:00.120Z',
  resolvedAt: '2026-11-21T09:02:00.120Z',
  notices: [
    {
      channel: 'pagerduty',
      action: 'raise',
      severity: 'unhealthy',
      status: 'sent',
      attempts: 1,
      sentAt: '2026-11-21T09:00:00.420Z',
      lastError: null,
    },
  ],
};
