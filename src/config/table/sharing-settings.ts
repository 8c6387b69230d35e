/** The rows of the settings' table for replicas that share what they know. */

import { optional, setting } from './setting-definition.ts';
import { keyPrefix, redisAddress } from './sharing-values.ts';

export const sharingSettings = {
  redisUrl: setting(optional(redisAddress()), {
    name: 'REDIS_URL',
    needsRestart: true,
    secret: 'redis',
    doc: 'Redis or Valkey (`redis://HOST:6379`), through which replicas share quarantines, budgets, clients’ limits, alerts and changes at run time; without it each works by itself.',
  }),
  redisPrefix: setting(keyPrefix(), {
    name: 'REDIS_PREFIX',
    needsRestart: true,
    default: 'rpc-lb',
    doc: 'What the names of keys and channels in Redis begin with: replicas with the same one share.',
  }),
};
