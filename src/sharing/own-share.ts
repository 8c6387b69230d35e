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
  return partOf(demands, key, rps).share;
}

/** The parts of all processes are next to each other, from 0 to 1. */
export interface Part {
  /** Where it begins; negative where it is no matter, since this one gets what it wants, or the others do. */
  readonly from: number;
  readonly share: number;
}

/** The same, and which part of it that is. */
export function partOf(demands: Demands, key: string, rps: number): Part {
  const { replica, worker, replicas, workers, workerCount } = demands;
  const ofReplica = partAmong(replicas, replica, 1, key, rps);
  const ofWorker =
    worker === undefined ? WHOLE : partAmong(workers, worker, workerCount, key, rps * ofReplica.share);
  const isShort = ofReplica.isShort || ofWorker.isShort;
  return {
    from: isShort ? ofReplica.from + ofReplica.share * ofWorker.from : -1,
    share: ofReplica.share * ofWorker.share,
  };
}

/** Who wants no more than this share is no matter. */
const NEARLY_NOTHING = 0.02;

interface PartAmong extends Part {
  /** It and all others that want some of it want more than they get. */
  readonly isShort: boolean;
}

const WHOLE: PartAmong = { from: 0, share: 1, isShort: false };

function partAmong(all: UsesByWho, self: string, count: number, key: string, rps: number): PartAmong {
  const wanted = new Map([[self, 0]]);
  let lately = 0;
  for (const [who, uses] of all) {
    const use = uses.get(key);
    wanted.set(who, use?.wanted ?? 0);
    lately += use?.perSecond ?? 0;
  }
  for (let silent = wanted.size; silent < count; silent += 1) wanted.set(`~${silent}`, 0);
  if (wanted.size === 1) return WHOLE;
  const total = rps > 0 ? rps : Math.max(lately, 1);
  let before = 0;
  let own = 0;
  let short = 0;
  let content = 0;
  for (const [who, share] of fairShares(wanted, total)) {
    if (who < self) before += share;
    else if (who === self) own = share;
    const want = wanted.get(who) ?? 0;
    if (want > share) short += 1;
    else if (want > NEARLY_NOTHING * total) content += 1;
  }
  const isShort = short > 1 && content === 0 && (wanted.get(self) ?? 0) > own;
  return { from: before / total, share: own / total, isShort };
}
