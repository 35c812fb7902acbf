import type { OutgoingApi } from '../../outgoing/outgoing-api.js';
import type { Notice } from './alert.js';
import type { Channel } from './channel.js';

const SEVERITIES = { degraded: 'warning', unhealthy: 'critical' } as const;

/** The longest summary that PagerDuty takes, in characters. */
const LONGEST_SUMMARY = 1024;

interface Account {
  readonly url: string;
  readonly routingKey: string;
}

/** The Events API v2 of PagerDuty. */
export class PagerDuty implements Channel {
  readonly name = 'pagerduty';

  constructor(
    private readonly api: OutgoingApi,
    private readonly account: Account,
    private readonly source: string,
  ) {}

  tell(notice: Notice): Promise<void> {
    return this.api.post(this.account.url, pagerDutyEvent(notice, this.account.routingKey, this.source));
  }

  close(): Promise<void> {
    return this.api.close();
  }
}

/**
 * In PagerDuty's format: https://developer.pagerduty.com/docs/send-alert-event
 *
 * The key that says what belongs together names the part, so two processes that tell the same are one incident.
 */
export function pagerDutyEvent(notice: Notice, routingKey: string, source: string) {
  const { action, service, severity, message, raisedAt, at } = notice;
  const event = { routing_key: routingKey, dedup_key: `${source}:${service}` };
  if (action === 'resolve') return { ...event, event_action: 'resolve' };
  return {
    ...event,
    event_action: 'trigger',
    client: 'Otklik',
    payload: {
      summary: `${source}: ${service} is ${severity}: ${message}`.slice(0, LONGEST_SUMMARY),
      source,
      severity: SEVERITIES[severity],
      timestamp: at,
      component: service,
      class: 'health',
      custom_details: { message, raisedAt },
    },
  };
}
