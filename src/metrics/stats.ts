import type { Clock } from '../clock.ts';
import type { Availability } from '../upstreams/availability.ts';
import type { Registry } from '../upstreams/registry.ts';
import type { Upstream } from '../upstreams/upstream.ts';

/** One row of `/stats`. The names are part of the contract with operators. */
export interface UpstreamStats {
  readonly name: string;
  /** Scheme, host and port only. */
  readonly url: string;
  readonly tier: 'primary' | 'fallback';
  /** No probe holds it for dead. */
  readonly alive: boolean;
  readonly state: 'usable' | 'quarantined' | 'down' | 'draining';
  readonly reason: string | null;
  /** When a quarantine ends, as an ISO date. */
  readonly until: string | null;
  /** Since it came up or was added: `00h:05m:23s`. */
  readonly uptime: string;
  /** Attempts under way. */
  readonly connections: number;
  /** Connections opened to carry them; far fewer than `requests` while connections are reused. */
  readonly connections_opened: number;
  /** Attempts sent. */
  readonly requests: number;
  readonly failures: number;
  readonly weight: number;
}

export function readStats(registry: Registry, availability: Availability, clock: Clock): UpstreamStats[] {
  return registry.all.map((upstream) => rowOf(upstream, availability, clock));
}

export function rowOf(upstream: Upstream, availability: Availability, clock: Clock): UpstreamStats {
  const standing = availability.standing(upstream);
  const untilMs =
    standing.state === 'quarantined' ? clock.wallMs() + standing.untilMs - clock.monotonicMs() : undefined;
  return {
    name: upstream.name,
    url: upstream.origin,
    tier: upstream.tier,
    alive: upstream.down === undefined,
    state: standing.state,
    reason: 'reason' in standing ? standing.reason : null,
    until: untilMs === undefined ? null : new Date(untilMs).toISOString(),
    uptime: formatUptime(upstream.down ? 0 : clock.monotonicMs() - upstream.upSinceMs),
    connections: upstream.inFlight,
    connections_opened: upstream.connectionsOpened,
    requests: upstream.attempts,
    failures: upstream.failures,
    weight: upstream.weight,
  };
}

/** Hours, minutes and seconds of a duration in milliseconds: `00h:05m:23s`. */
export function formatUptime(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(Math.floor(seconds / 3_600))}h:${two(Math.floor(seconds / 60) % 60)}m:${two(seconds % 60)}s`;
}
