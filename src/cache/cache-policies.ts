import type { Config } from '../config/config.js';

/** How values of one kind are kept. */
export interface CachePolicy {
  /** How long a value holds, in milliseconds; less by up to a tenth, so that not all end at once. */
  readonly ttl: number;
  /** Whether it goes into Redis compressed, from `CACHE_COMPRESS_ABOVE` on. */
  readonly isCompressed: boolean;
  /** Whether it goes into Redis at all, or only into the memory of each process. */
  readonly isShared: boolean;
  /**
   * Whether a process that cannot hear what was invalidated goes on believing its memory. Only where the time is so
   * short that it was promised to hold that late.
   */
  readonly isBelievedUnheard: boolean;
  /** Whether it takes so much to make that processes take turns where it is not there. */
  readonly isCostly: boolean;
  /** Part of the names in Redis: raised where the form of the values changes. */
  readonly version: number;
  /** Most values in the memory of a process, where that is a setting of its own. */
  readonly nearEntries?: number;
}

/** The kinds of data that can be cached. */
export const CACHE_KINDS = [
  'sessions',
  'analytics',
  'file_metadata',
  'user_data',
  'system_configuration',
  'revoked_tokens',
  'api_keys',
  'reminder_policies',
  'webhook_endpoints',
] as const;

export type CacheKind = (typeof CACHE_KINDS)[number];

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const SHARED = { isCompressed: false, isShared: true, isBelievedUnheard: false, isCostly: false, version: 1 };

/**
 * The policy of each kind.
 *
 * API keys stay out of Redis: whoever could write there could let himself in. So do the secrets of endpoints.
 */
export function cachePolicies(config: Config): Readonly<Record<CacheKind, CachePolicy>> {
  return {
    sessions: { ...SHARED, ttl: HOUR },
    analytics: { ...SHARED, ttl: 30 * MINUTE, isCompressed: true, isCostly: true },
    file_metadata: { ...SHARED, ttl: 2 * HOUR, isCompressed: true },
    user_data: { ...SHARED, ttl: 30 * MINUTE },
    system_configuration: { ...SHARED, ttl: DAY },
    // Each as long as the token would have held, which for an API key is for ever. Only what somebody really revoked is
    // in it, and a process that hears of nothing asks: a restore makes keys valid again.
    revoked_tokens: { ...SHARED, ttl: 30 * DAY, isShared: false },
    api_keys: {
      ...SHARED,
      ttl: config.apiKeys.cacheTtl,
      isShared: false,
      isBelievedUnheard: true,
      nearEntries: config.apiKeys.cacheSize,
    },
    reminder_policies: { ...SHARED, ttl: config.reminders.policyCacheTtl },
    // Whoever asks knows of which revision it has to be, so it need not hear of changes.
    webhook_endpoints: { ...SHARED, ttl: 30 * DAY, isShared: false, isBelievedUnheard: true },
  };
}
