import { percent } from '../../lib/figures.mjs';
import { percentile } from '../measurement.mjs';
import { five, LATENCY_MS, oneFails } from './shapes.mjs';

/** Providers that keep callers waiting. */
export const slowness = [
  oneFails({ name: 'silence', title: 'one goes silent', fault: 'silent', before: 5, during: 10, share: 0.4 }),
  oneFails({
    name: 'slow',
    title: 'one gets 100 × slower',
    fault: 'slow',
    before: 5,
    during: 10,
    share: 0.4,
  }),
  {
    name: 'stalls',
    group: 'faults',
    title: '1 % of the calls take a second longer',
    providers: five(() => ({ latencyMs: LATENCY_MS, stalls: { share: 0.01, ms: 1_000 } })),
    load: { perSecond: 300 },
    phases: [{ seconds: 5 }, { seconds: 20, measured: true }],
    share: 0.4,
    summary: ({ measured: { good, requests, latencies } }) =>
      `${percent(good / requests)}; p99.9 ${percentile(latencies, 0.999).toFixed(0)} ms`,
  },
];
