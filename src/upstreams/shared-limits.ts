/** Notices upstreams of one provider that are refused together, which may be because the provider counts them together. */

import { isIP } from 'node:net';
import type { Upstream } from './upstream.ts';

/** Refusals this close to each other are together. */
const TOGETHER_MS = 1_000;
/** So often two must be refused together to be told of. */
const TIMES = 3;

/** Their numbers are bounded by those of the upstreams, and change with refusals only. */
export class SharedLimits {
  readonly #refusedMs = new WeakMap<Upstream, number>();
  /** How often an upstream was refused just after another one, while that one was not refused again. */
  readonly #together = new WeakMap<Upstream, WeakMap<Upstream, { times: number; lastMs: number }>>();

  /**
   * An upstream has refused a call for a rate limit, at `nowMs` (monotonic milliseconds). Returns another one of its
   * provider with which that happened for the third time, and no account that they share is known; each pair once.
   */
  refused(upstream: Upstream, all: readonly Upstream[], nowMs: number): Upstream | undefined {
    this.#refusedMs.set(upstream, nowMs);
    return all.find((other) => this.#isNews(upstream, other, nowMs));
  }

  #isNews(upstream: Upstream, other: Upstream, nowMs: number): boolean {
    const otherMs = this.#refusedMs.get(other);
    if (other === upstream || otherMs === undefined || nowMs - otherMs > TOGETHER_MS) return false;
    if (isOneAccount(upstream, other) || !isOneProvider(upstream, other)) return false;
    const [first, second] = upstream.id < other.id ? [upstream, other] : [other, upstream];
    const ofFirst = this.#together.get(first) ?? new WeakMap();
    this.#together.set(first, ofFirst);
    const pair = ofFirst.get(second) ?? { times: 0, lastMs: Number.NEGATIVE_INFINITY };
    ofFirst.set(second, pair);
    // Those of one burst count once.
    if (nowMs - pair.lastMs <= TOGETHER_MS) return false;
    pair.lastMs = nowMs;
    pair.times += 1;
    return pair.times === TIMES;
  }
}

function isOneAccount({ limits: { account } }: Upstream, other: Upstream): boolean {
  return account !== undefined && account === other.limits.account;
}

function isOneProvider(upstream: Upstream, other: Upstream): boolean {
  return providerOf(upstream.address.host) === providerOf(other.address.host);
}

/** What its hosts have in common, as far as a name shows it: `provider.example` of `eth.provider.example`. */
function providerOf(host: string): string {
  if (isIP(host) !== 0) return host;
  const labels = host.split('.');
  const [area = '', country = ''] = labels.slice(-2);
  // As in `provider.co.uk`.
  const isShort = area.length <= 3 && country.length === 2;
  return labels.slice(isShort ? -3 : -2).join('.');
}
