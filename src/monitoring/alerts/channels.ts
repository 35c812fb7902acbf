import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { OutgoingApi } from '../../outgoing/outgoing-api.js';
import type { Channel } from './channel.js';
import { PagerDuty } from './pager-duty.js';
import { Slack } from './slack.js';

/** The channels that are configured. */
@Injectable()
export class Channels implements OnApplicationShutdown {
  readonly all: readonly Channel[];

  constructor(@Inject(CONFIG) { alerts, retry }: Config) {
    const { slackUrl, pagerDutyKey: routingKey, pagerDutyUrl: url, source } = alerts;
    const limits = { ...alerts, retry };
    this.all = [
      ...(slackUrl ? [new Slack(new OutgoingApi('Slack', limits), slackUrl, source)] : []),
      ...(routingKey
        ? [new PagerDuty(new OutgoingApi('PagerDuty', limits), { url, routingKey }, source)]
        : []),
    ];
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.all.map((channel) => channel.close()));
  }
}
