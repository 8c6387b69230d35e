/** How much of what is shared is for this process: first among replicas, then among the processes of its own. */

import { fairShares } from './shares.ts';
import type { Use } from './use.ts';

type UsesByWho = ReadonlyMap<string, ReadonlyMap<string, Use>>;

/** What all want, as they have told it. Whoever says nothing of a budget wants none of it. */
export interface Demands {
  /** That of this process. */
  readonly replica: string;
  /** Undefined where it is the only one of its replica. */
  readonly worker: string | undefined;
  /** How many workers a replica has: those that say nothing want nothing. */
  readonly workerCount: number;
  readonly replicas: UsesByWho;
  readonly workers: UsesByWho;
}

/** Of a budget, or of a client's limit: 0 to 1. `rps`: calls a second that are allowed; 0 if that is unknown. */
export function shareOf(demands: Demands, key: string, rps: number): number {
  const { replica, worker, replicas, workers, workerCount } = demands;
  const ofReplica = shareAmong(replicas, replica, 1, key, rps);
  if (worker === undefined) return ofReplica;
  return ofReplica * shareAmong(workers, worker, workerCount, key, rps * ofReplica);
}

function shareAmong(all: UsesByWho, self: string, count: number, key: string, rps: number): number {
  const wanted = new Map([[self, 0]]);
  let lately = 0;
  for (const [who, uses] of all) {
    const use = uses.get(key);
    wanted.set(who, use?.wanted ?? 0);
    lately += use?.perSecond ?? 0;
  }
  for (let silent = wanted.size; silent < count; silent += 1) wanted.set(`~${silent}`, 0);
  if (wanted.size === 1) return 1;
  const total = rps > 0 ? rps : Math.max(lately, 1);
  return (fairShares(wanted, total).get(self) ?? 0) / total;
}
