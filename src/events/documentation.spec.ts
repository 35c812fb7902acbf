import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageFolder } from '../config/package-folder.js';
import { eventsPage } from './documentation.js';
import { EVENT_TYPES } from './event-catalogue.js';

describe('the documentation of events', () => {
  it('says what the code says (npm run events:docs writes it anew)', () => {
    expect(readFileSync(join(packageFolder(import.meta.url), 'docs/events.md'), 'utf8')).toBe(eventsPage());
  });

  it.each(EVENT_TYPES)('has %s', (type) => {
    expect(eventsPage()).toContain(`\n### ${type}\n`);
  });
});
