import { eventually } from '../../test/support/eventually.js';
import { SingleProbe } from './single-probe.js';

describe('questions to what is outside the process', () => {
  const asked: string[] = [];
  beforeEach(() => {
    asked.length = 0;
  });

  const ask = <T>(probe: SingleProbe, name: string, answer: Promise<T>) =>
    probe.ask(name, () => {
      asked.push(name);
      return answer;
    });

  it('are asked one at a time, and once for all who ask the same', async () => {
    const probe = new SingleProbe(60_000);
    const [first, second] = [Promise.withResolvers<number>(), Promise.withResolvers<number>()];
    const answers = Promise.all([
      ask(probe, 'one', first.promise),
      ask(probe, 'one', first.promise),
      ask(probe, 'two', second.promise),
    ]);
    await eventually(() => asked.length > 0);
    expect(asked).toEqual(['one']);
    first.resolve(1);
    second.resolve(2);
    expect((await answers).map(({ result }) => result)).toEqual([1, 1, 2]);
    expect(asked).toEqual(['one', 'two']);
    await ask(probe, 'one', first.promise);
    expect(asked).toEqual(['one', 'two', 'one']);
  });

  it('keep nobody waiting, and hold back all others until they have ended, however they end', async () => {
    const probe = new SingleProbe(1);
    const hanging = Promise.withResolvers<number>();
    await expect(ask(probe, 'one', hanging.promise)).rejects.toThrow('no answer within 1 ms');
    await expect(ask(probe, 'two', Promise.resolve(2))).rejects.toThrow('no answer within 1 ms');
    expect(asked).toEqual(['one']);
    hanging.reject(new Error('connection lost'));
    await eventually(() => asked.includes('two'));
  });
});
