import { Announcer, type Event, type FailureReason } from '../../src/events.ts';
import type { Random } from '../../src/random.ts';
import { type Blame, Quarantine, type Rest } from '../../src/upstreams/quarantine.ts';
import { StandingChanges } from '../../src/upstreams/standing-changes.ts';
import type { Upstream } from '../../src/upstreams/upstream.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { upstream } from '../support/upstreams.ts';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export const A = upstream('a');
export const B = upstream('b', { tier: 'fallback' });

/** The causes that may have passed at any moment. */
export const PASSING_REASONS: FailureReason[] = [
  'refused',
  'dns',
  'tls',
  'connect-timeout',
  'timeout',
  'reset',
  'cut',
  'bad-http',
  'status',
  'not-an-answer',
  'upstream-broken',
];

export const forMs = (ms: number): Rest => ({ kind: 'for', ms });
export const MIDNIGHT: Rest = { kind: 'until-utc-midnight' };

/** The middle of the jitter: no jitter at all. */
const evenly: Random = () => 0.5;

export interface Bench {
  readonly quarantine: Quarantine;
  readonly changes: StandingChanges;
  readonly clock: ManualClock;
  /** All that was announced. */
  readonly events: Event[];
  /** How long the upstream has still to rest. */
  restMs(upstream?: Upstream): number | undefined;
  /** Quarantines it and waits until its time is over; how long that was. */
  serve(blame: Blame, upstream?: Upstream): number;
}

export function makeQuarantine(
  options: { timeToLive?: 'auto' | number; random?: Random; clock?: ManualClock } = {},
): Bench {
  const { timeToLive = 'auto', random = evenly, clock = new ManualClock() } = options;
  const events: Event[] = [];
  const announcer = new Announcer();
  announcer.listen((event) => events.push(event));
  const changes = new StandingChanges();
  const quarantine = new Quarantine({ timeToLive, clock, random, announcer, changes });
  const restMs = (upstream = A) => {
    const entry = quarantine.entryOf(upstream);
    return entry && entry.untilMs - clock.monotonicMs();
  };
  const serve = (blame: Blame, upstream = A) => {
    quarantine.add(upstream, blame);
    const ms = restMs(upstream) ?? 0;
    clock.advance(ms);
    if (quarantine.entryOf(upstream)) throw new Error('the quarantine should be over');
    return ms;
  };
  return { quarantine, changes, clock, events, restMs, serve };
}
