/** Which upstreams are out of service and why, as far as that was announced. */

import type { Clock } from '../clock.ts';
import type { DownReason, EventOf, FailureReason, Tier, UpstreamIdentity } from '../events.ts';
import type { AffectedUpstream } from './notifier.ts';
import { whyOut } from './reasons.ts';

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
  readonly reason: FailureReason | DownReason;
}

export class Outages {
  readonly #clock: Clock;
  /** By what stays when its name changes. */
  readonly #outages = new Map<UpstreamIdentity, Outage>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  note(event: StandingEvent): void {
    const { upstream } = event;
    if (event.type === 'upstream-removed') {
      this.#outages.delete(upstream);
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
    const nowMs = this.#clock.monotonicMs();
    const out: OutOfService[] = [];
    for (const [upstream, { quarantine, down }] of this.#outages) {
      if (tier !== undefined && upstream.tier !== tier) continue;
      // The end of a quarantine by time is not announced.
      const quarantined = quarantine && quarantine.untilMs > nowMs ? quarantine.reason : undefined;
      const reason = down?.reason ?? quarantined;
      if (reason === undefined) continue;
      const { name, tier: own } = upstream;
      out.push({ name, tier: own, reason, why: whyOut(reason, down?.problem) });
    }
    return out;
  }
}
