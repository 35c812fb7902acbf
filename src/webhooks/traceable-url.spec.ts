import { traceableUrl } from './traceable-url.js';

describe('the URL of an endpoint in the audit log', () => {
  it.each([
    ['https://hooks.slack.com/services/T0/B0/XbVq3sLw0TfYb7x', 'https://hooks.slack.com/***#'],
    ['https://shop.example:8443/?token=XbVq3sLw0TfYb7x', 'https://shop.example:8443/***#'],
    ['https://shop.example/hook#XbVq3sLw0TfYb7x', 'https://shop.example/***#'],
  ])('of %s is its host and a fingerprint', (url, shown) => {
    expect(traceableUrl(url).slice(0, shown.length)).toBe(shown);
    expect(traceableUrl(url).slice(shown.length)).toMatch(/^[0-9a-f]{8}$/);
  });

  it('has nothing to hide without a path', () => {
    expect(traceableUrl('https://shop.example')).toBe('https://shop.example/');
  });

  it('is the same for the same URL, and another one for another', () => {
    const [one, other] = ['https://hooks.example/T0/a', 'https://hooks.example/T0/b'];
    expect(traceableUrl(one)).toBe(traceableUrl(one));
    expect(traceableUrl(one)).not.toBe(traceableUrl(other));
  });
});
