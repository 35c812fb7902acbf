import { holdOut } from './hold-out.js';
import type { LabelledMessage } from './labelled-message.js';

const messages: LabelledMessage[] = Array.from({ length: 110 }, (_, index) => ({
  text: `text ${index}`,
  category: index < 100 ? 'often' : 'seldom',
  priority: 'low',
  language: null,
}));

describe('holdOut', () => {
  it('takes the same share of every category and loses nobody', () => {
    const { train, heldOut } = holdOut(messages, 0.2, 1);
    expect(heldOut.filter(({ category }) => category === 'often')).toHaveLength(20);
    expect(heldOut.filter(({ category }) => category === 'seldom')).toHaveLength(2);
    expect(new Set([...train, ...heldOut])).toEqual(new Set(messages));
    expect(train.length + heldOut.length).toBe(messages.length);
  });

  it('is the same for the same seed, and another for another', () => {
    expect(holdOut(messages, 0.2, 1)).toEqual(holdOut(messages, 0.2, 1));
    expect(holdOut(messages, 0.2, 2)).not.toEqual(holdOut(messages, 0.2, 1));
  });

  it('holds out nothing of a category with one message', () => {
    expect(holdOut(messages.slice(0, 1), 0.9, 1).heldOut).toEqual([]);
  });
});
