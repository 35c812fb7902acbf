/** Reads the routes from Fastify's drawing of them; HEAD comes with GET and is not counted. */
export function routesOf(drawing: string): { method: string; path: string }[] {
  const parents: string[] = [];
  return drawing.split('\n').flatMap((line) => {
    // A part may be the end of a word: /replay, and below it the s of /replays.
    const found = /^([│├└─\s]*)([^│├└─\s]\S*)(?: \((.*)\))?$/.exec(line);
    if (!found) return [];
    const [, indent = '', part = '', methods = ''] = found;
    const depth = indent.length / 4;
    const path = `${parents[depth - 1] ?? ''}${part}`;
    parents[depth] = path;
    return methods
      .split(', ')
      .filter((method) => method !== '' && method !== 'HEAD')
      .map((method) => ({ method, path }));
  });
}
