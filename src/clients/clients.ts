/** Who may send requests, and what holds for whom: made of the settings as a whole, so that new ones hold at once. */

import { ANYBODY, type ApiKey, type Client } from './client.ts';
import { Cors } from './cors.ts';
import { KnownKeys } from './known-keys.ts';
import { AddressBuckets, type Bucket, type Charges, Limiter, newBucket } from './limiter.ts';
import { MethodRules } from './method-rules.ts';
import { type Head, type Presented, takeKeys } from './presented-keys.ts';
import type { SharedBuckets } from './shared-buckets.ts';
import { SharedLimiter } from './shared-limiter.ts';

export interface ClientSettings {
  readonly apiKeys: readonly ApiKey[] | undefined;
  /** Calls a second, of each key or else of each address. */
  readonly clientRps: number | undefined;
  readonly allowMethods: readonly string[] | undefined;
  readonly denyMethods: readonly string[] | undefined;
  readonly corsOrigins: readonly string[] | undefined;
  /** A key that this process itself has, where keys are asked for; nobody else knows it, and it has no limit. */
  readonly consoleKey?: string | undefined;
}

/** Whose key that is. */
const CONSOLE = 'console';

/** What the policy of a limit by address is called. */
const ADDRESS = 'address';
const CORS_LINES = 'access-control-.*';
const LIMIT_LINES = '(?:x-)?rate-?limit.*';

export interface Clients {
  /** Undefined where answers to pages are left to the upstreams. */
  readonly cors: Cors | undefined;
  /** What each client has used up, for those that come after these. */
  readonly buckets: Buckets;
  /** Who sends a request with this head; undefined for one that has none of the keys. */
  recognize(head: Head): Presented;
}

interface Buckets {
  readonly addresses: AddressBuckets | undefined;
  readonly byName: ReadonlyMap<string, Bucket>;
}

const NO_BUCKETS: Buckets = { addresses: undefined, byName: new Map() };

/**
 * `secret` is random and known to nobody else. Clients that are in `previous` too have used up what they had used up
 * there. `shared`: the limits are those of several processes together.
 */
export function createClients(
  settings: ClientSettings,
  secret: Buffer,
  { addresses, byName }: Buckets = NO_BUCKETS,
  shared?: SharedBuckets,
): Clients {
  const { apiKeys, clientRps, corsOrigins, consoleKey } = settings;
  const cors = corsOrigins && new Cors(corsOrigins);
  if (!apiKeys) {
    const buckets = clientRps === undefined ? undefined : (addresses ?? new AddressBuckets());
    const limiter = buckets && addressLimiter(clientRps ?? 0, buckets, shared);
    const client = clientOf(undefined, limiter, settings);
    return {
      cors,
      buckets: { addresses: buckets, byName: new Map() },
      recognize: ({ headers, target, prefix }) => ({ headers, target, prefix, client }),
    };
  }
  const keyBuckets = new Map<string, Bucket>();
  const keys = new KnownKeys(secret);
  for (const apiKey of apiKeys) {
    const { name, key, rps = clientRps } = apiKey;
    const bucket = byName.get(name) ?? newBucket();
    keyBuckets.set(name, bucket);
    const limiter = rps === undefined ? undefined : nameLimiter(name, rps, bucket, shared);
    keys.add(key, clientOf(apiKey, limiter, settings));
  }
  if (consoleKey !== undefined) {
    const own = { name: CONSOLE, key: consoleKey, rps: undefined, methods: undefined };
    keys.add(consoleKey, clientOf(own, undefined, settings));
  }
  const find = (text: string) => keys.find(text);
  return {
    cors,
    buckets: { addresses: undefined, byName: keyBuckets },
    recognize: (head) => takeKeys(head, find),
  };
}

function addressLimiter(rps: number, buckets: AddressBuckets, shared: SharedBuckets | undefined): Charges {
  if (!shared) return new Limiter(ADDRESS, rps, (address) => buckets.of(address));
  return new SharedLimiter(ADDRESS, rps, (address) => shared.ofAddress(address, rps), shared);
}

function nameLimiter(name: string, rps: number, bucket: Bucket, shared: SharedBuckets | undefined): Charges {
  if (!shared) return new Limiter(name, rps, () => bucket);
  return new SharedLimiter(name, rps, () => shared.ofName(name, rps), shared);
}

function clientOf(
  apiKey: ApiKey | undefined,
  limiter: Charges | undefined,
  { allowMethods, denyMethods, corsOrigins }: ClientSettings,
): Client {
  const allowed = [allowMethods, apiKey?.methods].filter((list) => list !== undefined);
  const isListed = allowed.length > 0 || denyMethods !== undefined;
  const replaced = [...(corsOrigins ? [CORS_LINES] : []), ...(limiter ? [LIMIT_LINES] : [])];
  if (!apiKey && !limiter && !isListed && replaced.length === 0) return ANYBODY;
  return {
    name: apiKey?.name,
    limiter,
    methods: isListed ? new MethodRules(allowed, denyMethods ?? []) : undefined,
    replaces: replaced.length > 0 ? new RegExp(`^(?:${replaced.join('|')})$`, 'i') : undefined,
  };
}
