/** Shares with other replicas through Redis, where REDIS_URL says so. */

import type { Config } from '../config/config.ts';
import type { Claims } from '../notifiers/claims.ts';
import type { Runtime } from '../runtime.ts';
import type { FactTable } from '../sharing/fact-table.ts';
import type { RedisSharing } from '../sharing/redis/index.ts';

export interface RedisPart {
  readonly claims: Claims;
  readonly isUp: boolean;
  /** Resolves when others' facts are known, or after 200 ms. Never rejects. */
  start(): Promise<void>;
  /** After the last alert. Takes 200 ms at most; never rejects. */
  stop(): Promise<void>;
}

/** Undefined without REDIS_URL. Nothing is loaded, and nothing connected, before `start`. */
export function createRedis(
  { redisUrl, redisPrefix: prefix }: Pick<Config, 'redisUrl' | 'redisPrefix'>,
  { clock, random, logger }: Omit<Runtime, 'announcer'>,
  table: FactTable,
): RedisPart | undefined {
  if (redisUrl === undefined) return undefined;
  let sharing: RedisSharing | undefined;
  return {
    claims: {
      claim: async (key, subjects, forMs) => sharing?.claims.claim(key, subjects, forMs),
      extend: (key, forMs) => sharing?.claims.extend(key, forMs),
      giveBack: (key) => sharing?.claims.giveBack(key),
    },
    get isUp() {
      return sharing?.isUp ?? false;
    },
    async start() {
      const [{ connectRedis }, { opener }, { readRedisUrl }] = await Promise.all([
        import('../sharing/redis/index.ts'),
        import('../sharing/redis/open.ts'),
        import('../sharing/redis/target.ts'),
      ]);
      const target = readRedisUrl(redisUrl);
      // The settings were checked.
      if (typeof target === 'string') throw new Error(`REDIS_URL ${target}`);
      sharing = connectRedis({ table, target, prefix, open: opener(target), clock, random, logger });
      await sharing.ready;
    },
    stop: async () => sharing?.close(),
  };
}
