import { Pool } from 'undici';
import type { Cleanup } from '../cleanup.js';
import type { RunningOtklik } from '../contenders/otklik.js';

const CONNECTIONS = 32;

/** Requests to an Otklik, as its users make them. */
export class OtklikApi {
  private constructor(
    private readonly pool: Pool,
    private readonly apiKey: string,
  ) {}

  static async of({ url, apiKey }: RunningOtklik, cleanup: Cleanup): Promise<OtklikApi> {
    const pool = new Pool(url, { connections: CONNECTIONS });
    await cleanup.defer(() => pool.destroy());
    return new OtklikApi(pool, apiKey);
  }

  /** @throws when the answer has another status */
  async post<Body>(path: string, status: number, body?: string, key?: string): Promise<Body> {
    const answer = await this.pool.request({
      method: 'POST',
      path,
      headers: {
        authorization: `Bearer ${this.apiKey}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      },
      ...(body === undefined ? {} : { body }),
    });
    const text = await answer.body.text();
    if (answer.statusCode !== status) {
      throw new Error(`POST ${path} was answered with ${answer.statusCode}: ${text}`);
    }
    return JSON.parse(text) as Body;
  }

  /** How many SQL statements this process has sent since its start, as its own metrics count them. */
  async statements(): Promise<number> {
    const counts = [
      ...(await this.metrics()).matchAll(/^otklik_database_statement_duration_seconds_count\{.*\} (\d+)$/gm),
    ];
    if (counts.length === 0) throw new Error('The metrics do not count statements.');
    return counts.reduce((sum, [, count]) => sum + Number(count), 0);
  }

  /** The memory that this process has, in megabytes: all of it, not the heap alone. */
  async memoryMb(): Promise<number> {
    const [, bytes] = /^process_resident_memory_bytes(?:\{.*\})? (\d+)$/m.exec(await this.metrics()) ?? [];
    if (bytes === undefined) throw new Error('The metrics do not tell the memory.');
    return Math.round(Number(bytes) / 1024 ** 2);
  }

  private async metrics(): Promise<string> {
    const answer = await this.pool.request({
      method: 'GET',
      path: '/metrics',
      headers: { authorization: `Bearer ${this.apiKey}` },
    });
    if (answer.statusCode !== 200) throw new Error(`The metrics were answered with ${answer.statusCode}.`);
    return answer.body.text();
  }
}
