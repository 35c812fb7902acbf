import type { Ask } from './child.js';
import type { OtklikApi } from './otklik-api.js';
import type { Receiver } from './receiver.process.js';

/** The endpoints of a measurement. */
export interface Endpoints {
  /** Those that are neither dead nor slow. */
  readonly well: readonly string[];
  /** By the path of each. */
  readonly secrets: Readonly<Record<string, string>>;
}

/**
 * Makes endpoints by the API: one that is well; or a hundred, one of them dead and one slow.
 *
 * @param othersHear what all well ones but the first subscribe to; null: everything
 */
export async function makeEndpoints(
  count: 1 | 100,
  othersHear: readonly string[] | null,
  api: OtklikApi,
  receiver: Ask<Receiver>,
): Promise<Endpoints> {
  const { well: wellUrl, slow, dead } = await receiver('addresses');
  const secrets: Record<string, string> = {};
  const make = async (url: string, path: string, eventTypes: readonly string[] | null): Promise<string> => {
    const body = JSON.stringify({ url: url + path, eventTypes });
    const { id, secret } = await api.post<{ id: string; secret: string }>('/api/webhooks', 201, body);
    secrets[path] = secret;
    return id;
  };
  const well = [await make(wellUrl, '/hook', null)];
  if (count === 100) {
    await make(dead, '/dead', null);
    await make(slow, '/slow', null);
    while (well.length < count - 2) well.push(await make(wellUrl, `/hook-${well.length}`, othersHear));
  }
  return { well, secrets };
}
