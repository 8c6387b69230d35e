import type { Upstream } from '../upstreams/upstream.ts';
import { ask, BROKE_OFF, PROVED_BY_ANSWER } from './ask.ts';
import type { Probe } from './probe.ts';

/** Up is who answers a GET with 2xx or 3xx; redirects are not followed. */
export const httpProbe: Probe = {
  name: 'http',
  proves: PROVED_BY_ANSWER,
  async check(upstream, settings) {
    const { path, timeoutMs } = settings;
    const target = targetOf(upstream, path);
    const question = { method: 'GET', target, headers: { accept: '*/*' } } as const;
    const heard = await ask(upstream, question, settings);
    if (heard.kind === 'silence') return { up: false, problem: `no answer within ${timeoutMs} ms` };
    if (heard.kind === 'not-asked') return { up: undefined, problem: heard.problem };
    if (heard.kind === 'failed') return { up: false, problem: heard.problem };
    const { status, ending } = heard;
    if (status < 200 || status > 399) return { up: false, problem: `status ${status}` };
    return BROKE_OFF[ending] ? { up: false, problem: 'answer cut off' } : { up: true };
  },
};

function targetOf(upstream: Upstream, written: string): string {
  const path = written.startsWith('/') ? written : `/${written}`;
  const mark = path.indexOf('?');
  return upstream.targetOf(
    mark < 0 ? { path, query: undefined } : { path: path.slice(0, mark), query: path.slice(mark + 1) },
  );
}
