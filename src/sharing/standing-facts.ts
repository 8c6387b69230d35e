/** What the checks of the first process have found, for its workers, which have none of their own. */

import type { Clock } from '../clock.ts';
import type { Announcer, DownReason } from '../events.ts';
import type { FactTable } from './fact-table.ts';
import type { KnownUpstream, KnownUpstreams } from './known-upstreams.ts';

/** What is found without an event (the number of the newest block) is told so often. */
const ROUND_MS = 1_000;

export interface StandingFactsDependencies {
  readonly table: FactTable;
  readonly upstreams: KnownUpstreams;
  readonly announcer: Announcer;
  readonly clock: Clock;
}

/** As it travels; nothing of an upstream that is well and of which nothing is known. */
interface StandingFact {
  readonly down?: DownReason;
  readonly lagging?: true;
  readonly height?: number;
}

/** Tells it to the workers. Returns a function that ends this. */
export function tellStandings({ table, upstreams, announcer, clock }: StandingFactsDependencies): () => void {
  const tell = ({ key, upstream }: KnownUpstream): void => {
    const { down, lagging, blockHeight } = upstream;
    const fact: StandingFact = {
      ...(down && { down: down.reason }),
      ...(lagging && { lagging: true }),
      ...(blockHeight !== undefined && { height: blockHeight }),
    };
    const told = table.get(`standing ${key}`) ?? {};
    if (JSON.stringify(told) !== JSON.stringify(fact)) table.put(`standing ${key}`, fact, null);
  };
  announcer.listen((event) => {
    switch (event.type) {
      case 'upstream-down':
      case 'upstream-up':
      case 'upstream-lagging':
      case 'upstream-caught-up': {
        const known = upstreams.of(event.upstream);
        if (known) tell(known);
        break;
      }
      default:
    }
  });
  let stop = () => {};
  const round = () => {
    for (const known of upstreams.all) tell(known);
    stop = clock.after(ROUND_MS, round);
  };
  round();
  return () => stop();
}

/** Takes it over, in a worker. */
export function followStandings({ table, upstreams, clock }: StandingFactsDependencies): void {
  const adopt = ({ upstream }: KnownUpstream, value: StandingFact): void => {
    const nowMs = clock.monotonicMs();
    const { down: reason, lagging, height } = value;
    if (upstream.down?.reason !== reason) upstream.down = reason && { reason, sinceMs: nowMs };
    if ((upstream.lagging !== undefined) !== (lagging === true))
      upstream.lagging = lagging && { sinceMs: nowMs };
    upstream.blockHeight = height;
  };
  upstreams.onJoin((known) => adopt(known, table.get(`standing ${known.key}`) ?? {}));
  table.read('standing', ({ subject, value = {} }) => {
    const known = upstreams.find(subject);
    // It is of our own first process, in this version of the program.
    if (known) adopt(known, value);
  });
}
