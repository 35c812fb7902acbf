import type { ApiClient } from './api-client.js';

/** One line of a scrape. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LINE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g;

/** What Prometheus would read: every line of the text format, which has to be one. */
export class Scrape {
  private constructor(
    readonly text: string,
    readonly samples: readonly Sample[],
  ) {}

  static async of(api: ApiClient): Promise<Scrape> {
    const { status, body } = await api.get<string>('/metrics');
    if (status !== 200) throw new Error(`/metrics answered ${status}: ${JSON.stringify(body)}`);
    return new Scrape(body, body.split('\n').flatMap(parseLine));
  }

  /** The sum of the samples that have these labels, and maybe others; undefined: there are none. */
  value(name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
    const found = this.samples.filter(
      (sample) =>
        sample.name === name &&
        Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
    );
    return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0);
  }

  /** All values of a label. */
  labelValues(label: string): Set<string> {
    return new Set(this.samples.flatMap(({ labels }) => labels[label] ?? []));
  }

  /** The names of all series. */
  get names(): Set<string> {
    return new Set(this.samples.map(({ name }) => name));
  }
}

function parseLine(line: string): Sample[] {
  if (line === '' || line.startsWith('#')) return [];
  const [, name = '', labels = '', value] = LINE.exec(line) ?? [];
  if (name === '') throw new Error(`This is no line of the text format: ${line}`);
  const parsed = [...labels.matchAll(LABEL)].map(([, label = '', text = '']) => [label, text] as const);
  return [{ name, labels: Object.fromEntries(parsed), value: Number(value) }];
}
