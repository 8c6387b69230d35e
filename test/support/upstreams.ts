import type { Tier } from '../../src/events.ts';
import { Upstream } from '../../src/upstreams/upstream.ts';

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
