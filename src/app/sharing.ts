/** What this process shares with others: nothing, or facts with other replicas where REDIS_URL is set. */

import type { Config } from '../config/config.ts';
import { createLookUp } from '../network/look-up.ts';
import type { Claims } from '../notifiers/claims.ts';
import type { PoolTable } from '../pools/pool-table.ts';
import type { Runtime } from '../runtime.ts';
import type { RedisSharing } from '../sharing/redis/index.ts';
import { createFacts, createTable, type SharedFacts } from './shared-facts.ts';

export interface Sharing {
  /** Undefined where nothing is shared. */
  readonly facts: SharedFacts | undefined;
  /** Undefined where alerts are not shared. */
  readonly claims: Claims | undefined;
  /** Whether all that is shared arrives; undefined where nothing is. */
  readonly isUp: boolean | undefined;
  /** Resolves when what others know is known here, or after 200 ms. Never rejects but by a defect. */
  start(): Promise<void>;
  /** After the last alert. Takes 200 ms at most; never rejects. */
  stop(): Promise<void>;
}

export interface SharingContext {
  readonly runtime: Runtime;
  /** Those in force. */
  readonly pools: () => PoolTable;
  /** Where there are several processes on this machine. */
  readonly facts: SharedFacts | undefined;
}

const NOT_CONNECTED = { claims: undefined, isUp: undefined };

/** Nothing is loaded, and nothing connected, before the start. */
export function createSharing(
  { redisUrl, redisPrefix: prefix }: Pick<Config, 'redisUrl' | 'redisPrefix'>,
  { runtime, pools, facts: given }: SharingContext,
): Sharing {
  const { clock, random, logger } = runtime;
  if (redisUrl === undefined && !given)
    return { ...NOT_CONNECTED, facts: undefined, start: async () => {}, stop: async () => {} };
  const facts = given ?? createFacts({ table: createTable(clock), role: 'alone', workers: 1 });
  let stopSharing = () => {};
  const share = async () => {
    const { shareAll } = await import('./share-all.ts');
    stopSharing = shareAll(facts, pools, runtime);
  };
  if (redisUrl === undefined)
    return { ...NOT_CONNECTED, facts, start: share, stop: async () => stopSharing() };
  let redis: RedisSharing | undefined;
  return {
    facts,
    claims: {
      claim: async (key, subjects, forMs) => redis?.claims.claim(key, subjects, forMs),
      extend: (key, forMs) => redis?.claims.extend(key, forMs),
      giveBack: (key) => redis?.claims.giveBack(key),
    },
    get isUp() {
      return redis?.isUp ?? false;
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
      const { table } = facts;
      await share();
      redis = connectRedis({
        table,
        target,
        prefix,
        open: opener(target, createLookUp({ clock })),
        clock,
        random,
        logger,
      });
      await redis.ready;
    },
    async stop() {
      stopSharing();
      await redis?.close();
    },
  };
}
