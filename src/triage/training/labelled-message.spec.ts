import { labelled } from './labelled-message.js';

const PRIORITIES = { card_lost: 'urgent' } as const;
const raw = { text: 'text', category: null, priority: null };

describe('labelled', () => {
  it('takes the priority of the message before that of its category', () => {
    const own = labelled({ ...raw, category: 'card_lost', priority: 'low' }, PRIORITIES, 'row 1');
    expect(own).toEqual({ text: 'text', category: 'card_lost', priority: 'low', language: null });
    expect(labelled({ ...raw, category: 'card_lost' }, PRIORITIES, 'row 1').priority).toBe('urgent');
    expect(labelled({ ...raw, category: ' ', priority: 'normal' }, {}, 'row 1').category).toBeNull();
  });

  it.each([
    [{ category: 'other' }, 'row 7: category "other" has no priority'],
    [{ category: 'toString' }, 'category "toString" has no priority'],
    [{ priority: 'huge' }, 'row 7: "huge" is no priority; use one of low, normal, high, urgent'],
    [{}, 'row 7: neither a category nor a priority'],
  ])('refuses %j', (part, reason) => {
    expect(() => labelled({ ...raw, ...part }, PRIORITIES, 'row 7')).toThrow(reason);
  });
});
