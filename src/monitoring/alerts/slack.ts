import type { OutgoingApi } from '../../outgoing/outgoing-api.js';
import type { Notice } from './alert.js';
import type { Channel } from './channel.js';

const SIGNS = { degraded: ':warning:', unhealthy: ':rotating_light:' } as const;

/** An incoming webhook of Slack: a sentence for notifications, and blocks for whoever looks. */
export class Slack implements Channel {
  readonly name = 'slack';

  constructor(
    private readonly api: OutgoingApi,
    private readonly url: string,
    private readonly source: string,
  ) {}

  tell(notice: Notice): Promise<void> {
    return this.api.post(this.url, slackMessage(notice, this.source));
  }

  close(): Promise<void> {
    return this.api.close();
  }
}

/** The longest text of a section that Slack takes, in characters, and what ours has besides the message. */
const [LONGEST_SECTION, FRAME] = [3000, 500];

/** In Slack's format: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks */
export function slackMessage({ action, service, severity, message, raisedAt }: Notice, source: string) {
  const isRaised = action === 'raise';
  const title = isRaised ? `${service} is ${severity}` : `${service} is healthy again`;
  const sign = isRaised ? SIGNS[severity] : ':white_check_mark:';
  return {
    text: escaped(`${source}: ${title}${isRaised ? `: ${message}` : ''}`),
    blocks: [
      {
        type: 'section',
        text: {
          type: 'mrkdwn',
          text: `${sign} *${escaped(source)}: ${escaped(title)}*\n${cut(message)}`,
        },
      },
      { type: 'context', elements: [{ type: 'mrkdwn', text: `since ${raisedAt}` }] },
    ],
  };
}

/** Escaped, and short enough; what is escaped is not cut in two. */
function cut(text: string): string {
  let [result, rest] = ['', LONGEST_SECTION - FRAME];
  for (const character of text) {
    const next = escaped(character);
    rest -= next.length;
    if (rest < 0) return `${result}…`;
    result += next;
  }
  return result;
}

/** The three characters that mean something in Slack's texts. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
