/** Which upstreams are out of service and why, as far as that was announced. */

import type { Clock } from '../clock.ts';
import type { EventOf, Tier, UpstreamIdentity } from '../events.ts';

/** The events that take an upstream out of service or bring it back. */
export type StandingEvent = EventOf<
  'upstream-quarantined' | 'upstream-released' | 'upstream-down' | 'upstream-up' | 'upstream-removed'
>;

interface Outage {
  quarantine: { readonly reason: string; readonly untilMs: number } | undefined;
  down: string | undefined;
}

/** As many names as fit into one line that somebody reads at night. */
const MAX_NAMED = 8;

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
        // A ban of one method leaves the upstream in service.
        if (event.method === undefined) {
          outage.quarantine = { reason: event.reason, untilMs: this.#clock.monotonicMs() + event.durationMs };
        }
        break;
      case 'upstream-released':
        outage.quarantine = undefined;
        break;
      case 'upstream-down':
        outage.down = event.reason;
        break;
      case 'upstream-up':
        outage.down = undefined;
        break;
      default:
        event satisfies never;
    }
  }

  /** `a (timeout), b (auth)`, of one tier or of both; empty when no upstream is known to be out. */
  describe(tier?: Tier): string {
    const nowMs = this.#clock.monotonicMs();
    const out: string[] = [];
    for (const [upstream, outage] of this.#outages) {
      if (tier !== undefined && upstream.tier !== tier) continue;
      // The end of a quarantine by time is not announced.
      const quarantined =
        outage.quarantine && outage.quarantine.untilMs > nowMs ? outage.quarantine.reason : undefined;
      const why = outage.down ?? quarantined;
      if (why !== undefined) out.push(`${upstream.name} (${why})`);
    }
    const more = out.length - MAX_NAMED;
    return out.slice(0, MAX_NAMED).join(', ') + (more > 0 ? ` and ${more} more` : '');
  }
}
