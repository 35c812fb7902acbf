/** What our own YAML files are made of: mappings, lists of scalars, scalars on one line, and comments. */
export type PlainYaml =
  | string
  | number
  | boolean
  | readonly PlainYaml[]
  | { readonly [key: string]: PlainYaml };

interface Line {
  readonly indent: number;
  readonly text: string;
}

const MAPPING = /^([\w.-]+):(?: (.+))?$/;
const EMPTY: Readonly<Record<string, PlainYaml>> = { '{}': {}, '[]': [], true: true, false: false };

/** Reads plain YAML. @throws Error for whatever goes beyond it, rather than to guess */
export function parsePlainYaml(text: string): PlainYaml {
  const lines = text
    .split('\n')
    .filter((line) => !/^\s*(#|$)/.test(line))
    .map((line) => ({ indent: line.search(/\S/), text: line.trim() }));
  const value = block(lines, lines[0]?.indent ?? 0);
  if (lines[0] !== undefined) throw new Error(`This stands too far to the left: ${lines[0].text}`);
  return value;
}

/** Takes the lines of one block, which all stand equally far to the right. */
function block(lines: Line[], indent: number): PlainYaml {
  const list: PlainYaml[] = [];
  const mapping: Record<string, PlainYaml> = {};
  while (lines[0] !== undefined && lines[0].indent === indent) {
    const { text } = lines.shift() ?? { text: '' };
    const [isMapping, key = '', inline] = MAPPING.exec(text) ?? [];
    if (text.startsWith('- ')) list.push(scalar(text.slice(2)));
    else if (isMapping === undefined || key in mapping) throw new Error(`This is not plain YAML: ${text}`);
    else mapping[key] = inline === undefined ? block(lines, deeper(lines, indent)) : scalar(inline);
  }
  if (list.length > 0 && Object.keys(mapping).length > 0) throw new Error('A list and a mapping are mixed.');
  return list.length > 0 ? list : mapping;
}

function deeper([next]: readonly Line[], indent: number): number {
  if (next === undefined || next.indent <= indent) throw new Error('A key has no value.');
  return next.indent;
}

function scalar(text: string): PlainYaml {
  const known = EMPTY[text];
  if (known !== undefined) return known;
  if (/^-?\d+$/.test(text)) return Number(text);
  const [, quoted] = /^'([^']*)'$/.exec(text) ?? [];
  if (quoted !== undefined) return quoted;
  if (!/^[\w>.][\w .,:/>=-]*$/.test(text) || /: |:$/.test(text))
    throw new Error(`This is not plain: ${text}`);
  return text;
}
