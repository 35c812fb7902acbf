import { Injectable } from '@nestjs/common';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

type Values = Iterable<readonly [labels: Readonly<Record<string, string>>, value: number]>;

/**
 * What the runtime says of itself. One for the process, and only once somebody reads metrics: what measures the event
 * loop and the garbage collection cannot be stopped again.
 */
let runtime: Registry | undefined;

function runtimeRegistry(): Registry {
  if (runtime === undefined) {
    runtime = new Registry();
    collectDefaultMetrics({ register: runtime });
  }
  return runtime;
}

/**
 * All metrics of this process, by the conventions of Prometheus: `otklik_…`, in seconds and bytes, `_total` for what
 * only grows. The values of labels come from lists, never from what somebody sent.
 *
 * @see https://prometheus.io/docs/practices/naming/
 */
@Injectable()
export class Metrics {
  private readonly registry = new Registry();

  /** Counts what happens. */
  counter<Label extends string = never>(
    name: string,
    help: string,
    labelNames: readonly Label[] = [],
  ): Counter<Label> {
    return new Counter({ name: `otklik_${name}`, help, labelNames, registers: [this.registry] });
  }

  /** Sorts what happens by its size. */
  histogram<Label extends string = never>(
    name: string,
    help: string,
    buckets: readonly number[],
    labelNames: readonly Label[] = [],
  ): Histogram<Label> {
    const options = { name: `otklik_${name}`, help, buckets: [...buckets], labelNames };
    return new Histogram({ ...options, registers: [this.registry] });
  }

  /** What is looked up whenever metrics are read. */
  gauge(name: string, help: string, labelNames: readonly string[], read: () => Values): void {
    const gauge = new Gauge({
      name: `otklik_${name}`,
      help,
      labelNames,
      registers: [this.registry],
      collect: () => {
        gauge.reset();
        // Without labels, a gauge that was reset says 0, which is not the same as that nothing is known.
        if (labelNames.length === 0) gauge.remove();
        for (const [labels, value] of read()) gauge.set(labels, value);
      },
    });
  }

  /** What somebody else counts already, looked up whenever metrics are read. */
  counted(name: string, help: string, labelNames: readonly string[], read: () => Values): void {
    const counter = new Counter({
      name: `otklik_${name}`,
      help,
      labelNames,
      registers: [this.registry],
      collect: () => {
        counter.reset();
        for (const [labels, value] of read()) counter.inc(labels, value);
      },
    });
  }

  /** Everything in the text format of Prometheus, version 0.0.4. */
  async text(): Promise<string> {
    return (await Promise.all([this.registry.metrics(), runtimeRegistry().metrics()])).join('\n');
  }

  /** Otklik's own metrics: names, kinds, and what they mean. */
  async described(): Promise<{ name: string; type: string; help: string }[]> {
    const metrics = await this.registry.getMetricsAsJSON();
    return metrics.map(({ name, type, help }) => ({ name, type: String(type), help }));
  }
}

/** A value as a label, where it is one of a list: nothing else ever becomes one. */
export function oneOf(values: Iterable<string>): (value: string) => string {
  const known = new Set(values);
  return (value) => (known.has(value) ? value : 'other');
}
