import { pagerDutyEvent } from './pager-duty.js';

describe('an event for PagerDuty', () => {
  it('has a summary no longer than it takes, and all of the message beside it', () => {
    const message = 'x'.repeat(2000);
    const event = pagerDutyEvent(
      {
        action: 'raise',
        service: 'database',
        severity: 'unhealthy',
        message,
        raisedAt: '2026-11-21T09:00:00.000Z',
        at: '2026-11-21T09:00:00.000Z',
      },
      'key',
      'shop',
    );
    expect(event).toMatchObject({
      payload: {
        summary: expect.stringMatching(/^shop: database is unhealthy: x{995}$/),
        custom_details: { message },
      },
    });
  });
});
