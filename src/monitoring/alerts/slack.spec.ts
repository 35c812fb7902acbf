import { slackMessage } from './slack.js';

describe('a message to Slack', () => {
  const NOTICE = {
    action: 'raise',
    service: 'database',
    severity: 'unhealthy',
    raisedAt: '2026-11-21T09:00:00.000Z',
    at: '2026-11-21T09:00:00.000Z',
  } as const;

  const section = (message: string) => {
    const { blocks } = slackMessage({ ...NOTICE, message }, 'shop & co');
    return String((blocks[0] as { text: { text: string } }).text.text);
  };

  it('has the message as it is', () => {
    expect(section('connect <ECONNREFUSED>')).toBe(
      ':rotating_light: *shop &amp; co: database is unhealthy*\nconnect &lt;ECONNREFUSED&gt;',
    );
  });

  it('is no longer than Slack takes, and ends with no half of an entity', () => {
    const text = section('&'.repeat(2000));
    expect(text.length).toBeLessThanOrEqual(3000);
    expect(text).toMatch(/&amp;…$/);
  });
});
