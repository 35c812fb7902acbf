import { ExponentialBackoff, handleWhen, type RetryPolicy, retry } from 'cockatiel';
import type { Config } from '../config/config.js';

/**
 * The one retry policy: exponential waits with decorrelated jitter, at most `RETRY_ATTEMPTS` more tries.
 *
 * @param isWorthwhile which errors a further try may cure
 */
export function retryPolicy(
  settings: Config['retry'],
  isWorthwhile: (error: unknown) => boolean,
): RetryPolicy {
  return retry(
    handleWhen((error) => isWorthwhile(error)),
    {
      maxAttempts: settings.attempts,
      backoff: new ExponentialBackoff({ initialDelay: settings.baseDelay, maxDelay: settings.maxDelay }),
    },
  );
}
