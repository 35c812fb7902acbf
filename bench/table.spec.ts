import { renderTable, wholes } from './table.js';

describe('the table of figures', () => {
  it('puts names to the left and figures to the right', () => {
    const rows = [
      ['Fastify', '5,126'],
      ['Nest, save()', '847'],
    ];
    expect(renderTable(['', 'requests/s'], rows)).toBe(
      [
        '              requests/s',
        '────────────  ──────────',
        'Fastify            5,126',
        'Nest, save()         847',
      ].join('\n'),
    );
  });

  it('bears rows that are shorter than the head', () => {
    expect(renderTable(['a', 'b'], [['x']])).toBe('a  b\n─  ─\nx');
  });

  it('groups thousands', () => {
    expect(wholes(17_934.4)).toBe('17,934');
  });
});
