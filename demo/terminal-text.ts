import { styleText } from 'node:util';

/** Where the summary goes: how wide it is, and whether it shows colours. */
export interface Terminal {
  readonly width: number;
  readonly colour: boolean;
}

export type Tone = 'bold' | 'dim' | 'red' | 'yellow' | 'green' | 'cyan';

/** Paints a text on a colour terminal and leaves it alone elsewhere. */
export function paint(terminal: Terminal, tone: Tone, text: string): string {
  return terminal.colour && text !== '' ? styleText(tone, text, { validateStream: false }) : text;
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
const TWO_CELLS =
  /\p{Extended_Pictographic}|\p{Regional_Indicator}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60]/u;

/**
 * Text from outside as one line of at most `width` terminal cells. Control characters go, because a customer
 * could have written a terminal's escape sequences; bidirectional controls too: they would turn our own line.
 */
export function oneLine(text: string, width: number): string {
  const line = text
    .replace(/\s+/g, ' ')
    .replace(/[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '')
    .trim();
  let cells = 0;
  let fitting = '';
  let lastRoom = '';
  for (const { segment } of graphemes.segment(line)) {
    cells += TWO_CELLS.test(segment) ? 2 : 1;
    if (cells > width) return `${lastRoom.trimEnd()}…`;
    fitting += segment;
    if (cells < width) lastRoom = fitting;
  }
  return fitting;
}

/** A bar of at most `cells` cells; a share that is not nothing never looks like nothing. */
export function bar(share: number, cells: number): string {
  const eighths = share > 0 ? Math.max(1, Math.round(share * cells * 8)) : 0;
  const rest = eighths % 8;
  return '█'.repeat(Math.floor(eighths / 8)) + (rest === 0 ? '' : (' ▏▎▍▌▋▊▉'[rest] ?? ''));
}

/** 12345.6 as "12,346": thousands apart, no fraction. */
export function count(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: 0 });
}

/** A time span for people: "850 ms", "12.3 s", "4 min 52 s", "2 h 5 min", "3 d 4 h". */
export function span(milliseconds: number): string {
  if (milliseconds < 10) return `${milliseconds.toFixed(1)} ms`;
  if (milliseconds < 999.5) return `${milliseconds.toFixed(0)} ms`;
  if (milliseconds < 59_950) return `${(milliseconds / 1000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  const units = [
    ['d', seconds / 86_400],
    ['h', (seconds / 3_600) % 24],
    ['min', (seconds / 60) % 60],
    ['s', seconds % 60],
  ] as const;
  const largest = units.findIndex(([, amount]) => amount >= 1);
  return units
    .slice(largest, largest + 2)
    .filter(([, amount]) => amount >= 1)
    .map(([unit, amount]) => `${Math.floor(amount)} ${unit}`)
    .join(' ');
}
