/** What is told of each upstream: how it does, which state it is in and why, and what is known of its limits. */

import type { Clock } from '../clock.ts';
import { STATES, type Standing } from '../upstreams/availability.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import type { Counters } from './counters.ts';
import type { Family, Sample } from './exposition.ts';
import { type MeasuredPool, poolLabel } from './measured-pool.ts';
import { budgetOf, limitsOf } from './stats.ts';
import { type Labels, tallied } from './tally.ts';

/** What is read of one upstream. */
interface Measured {
  readonly upstream: Upstream;
  readonly labels: Labels;
  readonly standing: Standing;
}

/** The samples of one family: some of each upstream. */
type Reader = (of: (measured: Measured) => readonly Sample[]) => readonly Sample[];

export function upstreamFamilies(counters: Counters, pools: readonly MeasuredPool[], clock: Clock): Family[] {
  const all: readonly Measured[] = pools.flatMap(({ identity, registry, availability }) => {
    const label = poolLabel(identity);
    return registry.all.map((upstream) => ({
      upstream,
      labels: { ...label, upstream: upstream.name },
      standing: availability.standing(upstream),
    }));
  });
  const samples: Reader = (of) => all.flatMap(of);
  return [
    ...attemptFamilies(counters, samples),
    ...standingFamilies(samples, clock),
    ...chainFamilies(samples),
    ...limitFamilies(samples, clock),
  ];
}

function attemptFamilies(counters: Counters, samples: Reader): Family[] {
  return [
    {
      name: 'rpc_lb_attempts_total',
      type: 'counter',
      help: 'Requests sent, or tried to be sent, to an upstream, by how that ended.',
      samples: samples(({ upstream: { identity }, labels }) =>
        tallied(counters.attemptsOf(identity).results, 'outcome', labels),
      ),
    },
    {
      name: 'rpc_lb_attempt_duration_seconds',
      type: 'histogram',
      help: 'Time until an upstream had answered, or its answer began to stream, or it had timed out.',
      samples: samples(({ upstream: { identity }, labels }) =>
        counters.attemptsOf(identity).durations.samples(labels),
      ),
    },
    {
      name: 'rpc_lb_inflight_attempts',
      type: 'gauge',
      help: 'Attempts at an upstream that have begun and not ended, WebSockets included.',
      samples: samples(({ upstream: { inFlight }, labels }) => [{ labels, value: inFlight }]),
    },
  ];
}

function standingFamilies(samples: Reader, clock: Clock): Family[] {
  return [
    {
      name: 'rpc_lb_upstream_info',
      type: 'gauge',
      help: 'Always 1, for each upstream: in which tier it is.',
      samples: samples(({ upstream: { tier }, labels }) => [{ labels: { ...labels, tier }, value: 1 }]),
    },
    {
      name: 'rpc_lb_upstream_state',
      type: 'gauge',
      help: '1 for the state that an upstream is in, 0 for the others.',
      samples: samples(({ labels, standing }) =>
        STATES.map((state) => ({ labels: { ...labels, state }, value: state === standing.state ? 1 : 0 })),
      ),
    },
    {
      name: 'rpc_lb_upstream_out',
      type: 'gauge',
      help: '1 while an upstream is quarantined or down, with the reason; else it is not there.',
      samples: samples(({ labels, standing }) =>
        'reason' in standing ? [{ labels: { ...labels, reason: standing.reason }, value: 1 }] : [],
      ),
    },
    {
      name: 'rpc_lb_upstream_quarantine_end_timestamp_seconds',
      type: 'gauge',
      help: 'When the quarantine of an upstream ends, in seconds since 1970; not there while it has none.',
      samples: samples(({ labels, standing }) =>
        standing.state === 'quarantined'
          ? [{ labels, value: (clock.wallMs() + standing.untilMs - clock.monotonicMs()) / 1_000 }]
          : [],
      ),
    },
    {
      name: 'rpc_lb_upstream_slow',
      type: 'gauge',
      help: '1 for an upstream that is asked after the others, for some calls or all, because it is silent or much slower.',
      samples: samples(({ upstream: { slow }, labels }) => [{ labels, value: slow ? 1 : 0 }]),
    },
  ];
}

function chainFamilies(samples: Reader): Family[] {
  return [
    {
      name: 'rpc_lb_upstream_block_height',
      type: 'gauge',
      help: 'The number of the newest block that an upstream is known to have.',
      samples: samples(({ upstream: { blockHeight: value }, labels }) => given(labels, value)),
    },
    {
      name: 'rpc_lb_upstream_lagging',
      type: 'gauge',
      help: '1 for an upstream that is asked after the others, because it is too many blocks behind them.',
      samples: samples(({ upstream: { lagging }, labels }) => [{ labels, value: lagging ? 1 : 0 }]),
    },
  ];
}

function limitFamilies(samples: Reader, clock: Clock): Family[] {
  return [
    {
      name: 'rpc_lb_budget_rps',
      type: 'gauge',
      help: 'Calls a second that an upstream may be sent, where that is limited and known.',
      samples: samples(({ upstream, labels }) => given(labels, budgetOf(upstream, clock)?.rps)),
    },
    {
      name: 'rpc_lb_budget_used_ratio',
      type: 'gauge',
      help: 'The part of that which is in use, from 0 to 1.',
      samples: samples(({ upstream, labels }) => given(labels, budgetOf(upstream, clock)?.used)),
    },
    {
      name: 'rpc_lb_upstream_size_limit',
      type: 'gauge',
      help: 'What an upstream takes at once, as far as it was learnt: blocks in a range of eth_getLogs, calls in a batch.',
      samples: samples(({ upstream, labels }) =>
        Object.entries(limitsOf(upstream, clock)).flatMap(([limit, value]) =>
          given({ ...labels, limit }, value ?? undefined),
        ),
      ),
    },
  ];
}

/** One sample, or none where nothing is known. */
function given(labels: Labels, value: number | undefined): Sample[] {
  return value === undefined ? [] : [{ labels, value }];
}
