import { roundedMs } from '../clock/rounded-ms.js';
import { errorMessage } from '../resilience/error-code.js';
import type { HealthCheck } from './health.schemas.js';

/** What a probe found out, and how long the answer took, in milliseconds. */
export interface Finding<T> {
  readonly result: T;
  readonly latencyMs: number;
}

/**
 * Asks something outside the process, one question at a time. Whoever waits is told after the deadline that there is
 * no answer; the question itself goes on, and until it has ended no other one is asked. So a dependency that hangs
 * holds one connection, however often it is probed.
 */
export class SingleProbe {
  private asking: Promise<unknown> = Promise.resolve();
  private readonly open = new Map<string, Promise<Finding<unknown>>>();

  /** @param limit how long an answer may take, in milliseconds */
  constructor(private readonly limit: number) {}

  /**
   * Asks after all questions before it; joins the same question where it waits for its answer already.
   *
   * @throws what the question threw, or that no answer came in time
   */
  async ask<T>(name: string, question: () => Promise<T>): Promise<Finding<T>> {
    const known = this.open.get(name) as Promise<Finding<T>> | undefined;
    return this.inTime(known ?? this.askAnew(name, question));
  }

  private askAnew<T>(name: string, question: () => Promise<T>): Promise<Finding<T>> {
    const answer = this.asking.then(async () => {
      const started = performance.now();
      const result = await question();
      return { result, latencyMs: since(started) };
    });
    this.open.set(name, answer);
    this.asking = answer
      .catch(() => undefined)
      .finally(() => {
        this.open.delete(name);
      });
    return answer;
  }

  private async inTime<T>(answer: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${this.limit} ms`)), this.limit);
    });
    try {
      return await Promise.race([answer, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** How a part is that gave no answer, or a bad one. */
export function unreachable(error: unknown, started: number): HealthCheck {
  return { status: 'unhealthy', latencyMs: since(started), message: errorMessage(error) };
}

function since(started: number): number {
  return roundedMs(performance.now() - started);
}
