import { RecentEvents, type ToldEvent } from './recent-events.js';

const event = (position: number, text = 'text'): ToldEvent => ({
  position,
  type: 'message.received',
  conversationId: null,
  text,
});

const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe('the events that were told last', () => {
  it('come one behind the other, over numbers that never came', () => {
    const recent = new RecentEvents(10);
    recent.add([event(11), event(14)], 15);
    expect([10, 11, 12, 14, 15, 99].map((position) => recent.after(position)?.position)).toEqual([
      11,
      14,
      14,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('are not there for who has not read those before them', () => {
    const recent = new RecentEvents(10);
    recent.add([event(11)], 11);
    expect(recent.after(9)).toBeNull();
    expect(recent.after(10)?.position).toBe(11);
  });

  it('are no more than 500, the last of them', () => {
    const recent = new RecentEvents(0);
    recent.add(
      numbers(1, 400).map((position) => event(position)),
      400,
    );
    recent.add(
      numbers(401, 800).map((position) => event(position)),
      800,
    );
    expect(recent.after(299)).toBeNull();
    expect(recent.after(300)?.position).toBe(301);
    expect(recent.after(799)?.position).toBe(800);
  });

  it('are fewer where they are long', () => {
    const recent = new RecentEvents(0);
    const long = 'x'.repeat(1024 * 1024);
    recent.add(
      numbers(1, 6).map((position) => event(position, long)),
      6,
    );
    expect(recent.after(1)).toBeNull();
    expect(recent.after(2)?.position).toBe(3);
  });
});
