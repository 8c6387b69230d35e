import { beforeEach } from 'vitest';
import { type Daemon, startBalancer } from './daemon.ts';
import { FakeUpstream } from './fake-upstream.ts';

/** Upstreams behind a daemon that all tests of a file share. To be called outside of the tests. */

/** Quarantines are over before the next test asks. */
const FORGIVING = { ERROR_TIME_TO_LIVE_MINUTES: '0.00002' };

/** Before each test all are usable, answer in good order, and nothing is recorded. */
function startAnew(daemon: Daemon, upstreams: readonly FakeUpstream[]): void {
  beforeEach(async () => {
    await daemon.allUsable();
    for (const upstream of upstreams) {
      upstream.reset();
      // None that an earlier test broke is kept.
      upstream.dropConnections();
    }
  });
}

/** One in each tier. */
export async function primaryAndFallback(env: Readonly<Record<string, string>> = {}) {
  const primary = await FakeUpstream.start('primary');
  const fallback = await FakeUpstream.start('fallback');
  const daemon = await startBalancer({
    primaries: [primary],
    fallbacks: [fallback],
    env: { ...FORGIVING, ...env },
  });
  startAnew(daemon, [primary, fallback]);
  return { primary, fallback, daemon };
}

/** They are asked in this order: the tiers and the weights leave no doubt. */
export async function firstSecondThird() {
  const first = await FakeUpstream.start('first');
  const second = await FakeUpstream.start('second');
  const third = await FakeUpstream.start('third');
  const daemon = await startBalancer({
    primaries: [`${first.url} name=first`],
    fallbacks: [`${second.url} name=second weight=1000`, `${third.url} name=third`],
    env: { ...FORGIVING, STRATEGY: 'weighted-round-robin' },
  });
  const upstreams = [first, second, third] as const;
  startAnew(daemon, upstreams);
  return { first, second, third, upstreams, daemon };
}
