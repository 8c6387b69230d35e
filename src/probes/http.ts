/** The http probe: an upstream is up when it answers a GET with 2xx or 3xx; redirects are not followed. */

import type { Upstream } from '../upstreams/upstream.ts';
import { ask, BROKE_OFF, PROVED_BY_ANSWER } from './ask.ts';
import type { Probe } from './probe.ts';

export const httpProbe: Probe = {
  name: 'http',
  proves: PROVED_BY_ANSWER,
  async check(upstream, settings) {
    const { path, timeoutMs } = settings;
    const target = targetOf(upstream, path);
    const question = { method: 'GET', target, headers: { accept: '*/*' } } as const;
    const result = await ask(upstream, question, settings);
    if (result.kind === 'timeout') return { up: false, problem: `no answer within ${timeoutMs} ms` };
    if (result.kind === 'not-asked') return { up: undefined, problem: result.problem };
    if (result.kind === 'failed') return { up: false, problem: result.problem };
    const { status, ending } = result;
    if (status < 200 || status > 399) return { up: false, problem: `status ${status}` };
    return BROKE_OFF[ending] ? { up: false, problem: 'answer cut off' } : { up: true };
  },
};

function targetOf(upstream: Upstream, configured: string): string {
  const path = configured.startsWith('/') ? configured : `/${configured}`;
  const mark = path.indexOf('?');
  return upstream.targetOf(
    mark < 0 ? { path, query: undefined } : { path: path.slice(0, mark), query: path.slice(mark + 1) },
  );
}
