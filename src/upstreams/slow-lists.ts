/** Lists of upstreams by the kinds of calls at which they are slow. */

import { CALL_KINDS, type Tier } from '../events.ts';
import type { Upstream } from './upstream.ts';

/** For each tier and kind (an index); undefined where nobody is slow. */
export type Lists = Readonly<Record<Tier, readonly (readonly Upstream[] | undefined)[]>>;

export const NO_LISTS: Lists = { primary: [], fallback: [] };

/** Those that fit, for each kind of calls at which one of the upstreams is slow; the others have no list of their own. */
export function listsByKind(
  upstreams: Readonly<Record<Tier, readonly Upstream[]>>,
  fits: (upstream: Upstream, kind: number) => boolean,
): Lists {
  const lists = (tier: Tier) =>
    CALL_KINDS.map((_, kind) =>
      upstreams[tier].some((each) => isSlowAt(each, kind))
        ? upstreams[tier].filter((each) => fits(each, kind))
        : undefined,
    );
  return { primary: lists('primary'), fallback: lists('fallback') };
}

export function isSilent({ slow }: Upstream): boolean {
  return slow?.isSilent ?? false;
}

export function isSlowAt({ slow }: Upstream, kind: number): boolean {
  return slow !== undefined && (slow.kinds & (1 << kind)) !== 0;
}
