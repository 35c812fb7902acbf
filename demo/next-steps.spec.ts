import { renderNextSteps } from './next-steps.js';

const PLAIN = { width: 100, colour: false };

describe('renderNextSteps', () => {
  it('gives a command to paste for the Otklik that was kept', () => {
    const text = renderNextSteps({ kind: 'kept', url: 'http://127.0.0.1:4000', key: "it's" }, PLAIN);
    expect(text).toContain('http://127.0.0.1:4000/docs');
    expect(text).toContain(
      `curl -s -H 'Authorization: Bearer it'\\''s' 'http://127.0.0.1:4000/api/conversations?priority=urgent&limit=5'`,
    );
  });

  it('refers to the key of another Otklik without having it', () => {
    const text = renderNextSteps({ kind: 'theirs', url: 'https://help.example' }, PLAIN);
    expect(text).toContain('"Authorization: Bearer $OTKLIK_KEY"');
  });

  it('gives no address of an Otklik that is gone', () => {
    const text = renderNextSteps({ kind: 'gone' }, PLAIN);
    expect(text).toContain('npm run demo -- --keep');
    expect(text).not.toContain('http://');
  });
});
