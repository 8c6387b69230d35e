/** The limits of clients that several processes serve: what each client uses here, and how much of its limit is for here. */

import type { SharedBucket, SharedBuckets } from '../clients/shared-buckets.ts';
import type { Clock } from '../clock.ts';
import { type Demands, shareOf } from './own-share.ts';
import type { Claim, Use, Uses } from './use.ts';

/** What a client wants for what is to come, as a multiple of what it asked for. */
const HEADROOM = 1.25;

/** What those in use use, and what is held of their limits and of those that others divide, by who they are. */
export function clientUses(buckets: SharedBuckets, clock: Clock): Pick<Uses, 'clients' | 'claims'> {
  const nowMs = clock.monotonicMs();
  const clients = new Map<string, Use>();
  const claims = new Map<string, Claim>();
  for (const [who, share] of buckets.grants) claims.set(who, { share, limit: 0, even: 0 });
  for (const bucket of buckets.told(nowMs)) {
    clients.set(bucket.who, useOf(bucket, nowMs));
    claims.set(bucket.who, { share: bucket.claim, limit: bucket.limit, even: buckets.evenShareOf(bucket) });
  }
  return { clients, claims };
}

/** By what replicas want. `usedElsewhere`: by who they are. */
export function applyClientShares(
  buckets: SharedBuckets,
  demands: Demands,
  usedElsewhere: ReadonlyMap<string, Use>,
  clock: Clock,
): void {
  const nowMs = clock.monotonicMs();
  const ofReplicas = { ...demands, worker: undefined };
  buckets.evenPart = shareOf(ofReplicas, '', 0);
  for (const bucket of buckets.told(nowMs)) {
    const part = shareOf(ofReplicas, bucket.who, bucket.rps);
    bucket.setPart(part, usedElsewhere.get(bucket.who)?.inFlight ?? 0, nowMs);
  }
}

/** One who has used half of what there is here may need all of it. */
function useOf(bucket: SharedBucket, nowMs: number): Use {
  const asked = bucket.asked.lastSecond(nowMs);
  const used = bucket.usedAt(nowMs);
  const needsAll = asked > 0 && used > bucket.capacity / 2;
  const wanted = needsAll ? bucket.limit : Math.min(bucket.limit, HEADROOM * asked);
  return { accepted: bucket.admitted, perSecond: asked, wanted, inFlight: used };
}
