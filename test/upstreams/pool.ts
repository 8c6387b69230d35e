import { Announcer, type Tier } from '../../src/events.ts';
import { Availability } from '../../src/upstreams/availability.ts';
import { Quarantine } from '../../src/upstreams/quarantine.ts';
import { Registry } from '../../src/upstreams/registry.ts';
import { StandingChanges } from '../../src/upstreams/standing-changes.ts';
import type { Upstream } from '../../src/upstreams/upstream.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { upstream } from '../support/upstreams.ts';

/** Upstreams by name, upper case for primaries and lower case for fallbacks, with all that says who is usable. */
export class Pool {
  readonly clock = new ManualClock();
  readonly quarantine: Quarantine;
  readonly availability: Availability;
  readonly registry: Registry;
  readonly changes = new StandingChanges();

  constructor(
    names: string,
    timeToLive: 'auto' | number = 'auto',
    urls: Readonly<Record<string, string>> = {},
  ) {
    const tierOf = (name: string): Tier => (name === name.toUpperCase() ? 'primary' : 'fallback');
    const { changes } = this;
    this.registry = new Registry(
      [...names].map((name) => {
        const url = urls[name];
        return upstream(name, { tier: tierOf(name), ...(url === undefined ? {} : { url }) });
      }),
      changes,
    );
    // In the middle of the jitter: exactly the stated time.
    const { clock } = this;
    this.quarantine = new Quarantine({
      timeToLive,
      clock,
      random: () => 0.5,
      announcer: new Announcer(),
      changes,
    });
    this.availability = new Availability(this, changes, clock);
  }

  of(name: string): Upstream {
    const found = this.registry.all.find((each) => each.name === name);
    if (!found) throw new Error(`no upstream ${name}`);
    return found;
  }

  /** Takes it out as a probe would. */
  down(name: string, reason: 'probe-failed' | 'wrong-chain' = 'probe-failed'): void {
    this.of(name).down = { reason, sinceMs: this.clock.monotonicMs() };
  }

  /** Brings it back as a probe would. */
  up(name: string): void {
    this.of(name).down = undefined;
  }

  /** Lets it lag, or catch up, as the probes would. */
  lag(name: string, lags = true): void {
    this.of(name).lagging = lags ? { sinceMs: this.clock.monotonicMs() } : undefined;
  }

  /** Removes it as Membership would. */
  leave(name: string): void {
    const upstream = this.of(name);
    this.registry.remove(upstream);
    upstream.hasLeft = true;
    this.quarantine.forget(upstream);
  }

  drain(name: string, draining = true): void {
    this.of(name).draining = draining;
  }
}

/** The names in one word. */
export function namesOf(upstreams: readonly { readonly name: string }[]): string {
  return upstreams.map(({ name }) => name).join('');
}
