/** Which upstreams do not serve and why: as was announced, as failed requests have met, and as operators have drained. */

import type { Clock } from '../clock.ts';
import type {
  DownReason,
  EventOf,
  FailureReason,
  Tier,
  UpstreamFailure,
  UpstreamIdentity,
} from '../events.ts';
import type { AffectedUpstream } from './notifier.ts';
import { type OutReason, whyOut } from './reasons.ts';

/** The events that take an upstream out of service or bring it back. */
export type StandingEvent = EventOf<
  | 'upstream-quarantined'
  | 'quarantine-extended'
  | 'upstream-released'
  | 'upstream-down'
  | 'upstream-up'
  | 'upstream-removed'
>;

interface Outage {
  quarantine: { readonly reason: FailureReason; readonly untilMs: number } | undefined;
  down: { readonly reason: DownReason; readonly problem: string } | undefined;
}

/** An upstream that is out of service. */
export interface OutOfService extends AffectedUpstream {
  readonly reason: OutReason;
}

export class Outages {
  readonly #clock: Clock;
  readonly #drained: () => readonly UpstreamIdentity[];
  /** By what stays when its name changes. */
  readonly #outages = new Map<UpstreamIdentity, Outage>();
  /** What requests have met since the last answer: a limited upstream is paced, one that is silent for one method serves
   * others, and neither is out otherwise. */
  readonly #failures = new Map<UpstreamIdentity, FailureReason>();

  /** `drained`: those that an operator has drained, at this moment. They may have been since the start. */
  constructor(clock: Clock, drained: () => readonly UpstreamIdentity[]) {
    this.#clock = clock;
    this.#drained = drained;
  }

  /** A request was answered by nobody: those that it asked count as out until `forgetFailures`. */
  noteFailures(failures: readonly UpstreamFailure[]): void {
    for (const { upstream, reason } of failures) this.#failures.set(upstream, reason);
  }

  /** A request was answered. */
  forgetFailures(): void {
    this.#failures.clear();
  }

  note(event: StandingEvent): void {
    const { upstream } = event;
    if (event.type === 'upstream-removed') {
      this.#outages.delete(upstream);
      this.#failures.delete(upstream);
      return;
    }
    const outage = this.#outages.get(upstream) ?? { quarantine: undefined, down: undefined };
    this.#outages.set(upstream, outage);
    switch (event.type) {
      case 'upstream-quarantined':
      case 'quarantine-extended':
        // A ban of one method leaves the upstream in service.
        if (event.method === undefined) {
          outage.quarantine = { reason: event.reason, untilMs: this.#clock.monotonicMs() + event.durationMs };
        }
        break;
      case 'upstream-released':
        outage.quarantine = undefined;
        break;
      case 'upstream-down':
        outage.down = { reason: event.reason, problem: event.problem };
        break;
      case 'upstream-up':
        outage.down = undefined;
        break;
      default:
        event satisfies never;
    }
  }

  /** Those of one tier, or of both, that are known to be out. */
  list(tier?: Tier): OutOfService[] {
    const drained = new Set(this.#drained());
    const upstreams = new Set([...this.#outages.keys(), ...drained, ...this.#failures.keys()]);
    return [...upstreams].flatMap((upstream) => {
      const failing = this.#whyFailing(upstream);
      // First, as in `/stats`: it would get no request either way.
      const out = drained.has(upstream) ? drainedAnd(failing) : failing;
      if (!out || (tier !== undefined && upstream.tier !== tier)) return [];
      return [{ name: upstream.name, tier: upstream.tier, ...out }];
    });
  }

  #whyFailing(upstream: UpstreamIdentity): Why | undefined {
    const { quarantine, down } = this.#outages.get(upstream) ?? {};
    // The end of a quarantine by time is not announced.
    const isQuarantined = quarantine && quarantine.untilMs > this.#clock.monotonicMs();
    const quarantineReason = isQuarantined ? quarantine.reason : undefined;
    const reason = down?.reason ?? quarantineReason ?? this.#failures.get(upstream);
    return reason && { reason, why: whyOut(reason, down?.problem) };
  }
}

type Why = Pick<OutOfService, 'reason' | 'why'>;

function drainedAnd(failing: Why | undefined): Why {
  const why = whyOut('draining');
  return { reason: 'draining', why: failing ? `${why}, and ${failing.why}` : why };
}
