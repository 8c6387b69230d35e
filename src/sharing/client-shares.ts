/** The limits of clients that several processes serve: what each client uses here, and how much of its limit is for here. */

import type { SharedBucket, SharedBuckets } from '../clients/shared-limiter.ts';
import type { Clock } from '../clock.ts';
import { type Demands, shareOf } from './own-share.ts';
import type { Use } from './use.ts';

/** What a client wants for what is to come, as a multiple of what it asked for. */
const HEADROOM = 1.25;

/** What those in use use, by who they are. */
export function clientUses(buckets: SharedBuckets, clock: Clock): Map<string, Use> {
  const nowMs = clock.monotonicMs();
  const uses = new Map<string, Use>();
  for (const bucket of buckets.mostDemanding(nowMs)) uses.set(bucket.who, useOf(bucket, nowMs));
  return uses;
}

/** `usedElsewhere`: by who they are. */
export function applyClientShares(
  buckets: SharedBuckets,
  demands: Demands,
  usedElsewhere: ReadonlyMap<string, Use>,
  clock: Clock,
): void {
  const nowMs = clock.monotonicMs();
  buckets.evenShare = shareOf(demands, '', 0);
  for (const bucket of buckets.mostDemanding(nowMs)) {
    const share = shareOf(demands, bucket.who, bucket.rps);
    bucket.setShare(share, usedElsewhere.get(bucket.who)?.inFlight ?? 0, nowMs);
  }
}

/** One who has used half of what there is here may need all of it. */
function useOf(bucket: SharedBucket, nowMs: number): Use {
  const asked = bucket.asked.lastSecond(nowMs);
  const used = bucket.usedAt(nowMs);
  const wanted = used > bucket.capacity / 2 ? bucket.rps : Math.min(bucket.rps, HEADROOM * asked);
  return { accepted: bucket.admitted, perSecond: asked, wanted, inFlight: used };
}
