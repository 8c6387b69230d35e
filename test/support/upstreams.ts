import { Announcer, PoolIdentity, type Tier } from '../../src/events.ts';
import { Membership } from '../../src/upstreams/membership.ts';
import { Quarantine } from '../../src/upstreams/quarantine.ts';
import { Registry } from '../../src/upstreams/registry.ts';
import { StandingChanges } from '../../src/upstreams/standing-changes.ts';
import { Upstream, type UpstreamSpec } from '../../src/upstreams/upstream.ts';
import { ManualClock } from './manual-clock.ts';

/** An upstream for tests in which nothing is sent. */
export function upstream(
  name: string,
  options: { tier?: Tier; url?: string; weight?: number; nowMs?: number } = {},
): Upstream {
  const {
    tier = 'primary',
    url = `http://${name.toLowerCase()}.example`,
    weight = 1,
    nowMs = 1_000,
  } = options;
  return new Upstream({ name, tier, url: new URL(url), weight }, nowMs);
}

/** Lists that upstreams join and leave, and what knows of it. */
export function membershipOf(
  specs: readonly UpstreamSpec[],
  onLeave: (upstream: Upstream) => void = () => {},
) {
  const clock = new ManualClock();
  const announcer = new Announcer();
  const changes = new StandingChanges();
  const registry = new Registry(
    specs.map((each) => new Upstream(each, clock.monotonicMs())),
    changes,
  );
  const quarantine = new Quarantine({ timeToLive: 'auto', clock, random: () => 0.5, announcer, changes });
  const membership = new Membership({
    pool: new PoolIdentity('default'),
    registry,
    quarantine,
    announcer,
    clock,
    onJoin: () => {},
    onChange: () => {},
    onLeave,
  });
  return { clock, announcer, changes, registry, quarantine, membership };
}
