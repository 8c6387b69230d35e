import { describe, expect, it } from 'vitest';
import { SharedLimits } from '../../src/upstreams/shared-limits.ts';
import { Upstream } from '../../src/upstreams/upstream.ts';

function upstreams(...urls: string[]): Upstream[] {
  return urls.map((text, index) => {
    const [url = '', account] = text.split(' ');
    const spec = { name: `u${index}`, tier: 'primary', url: new URL(url), weight: 1 } as const;
    return new Upstream(account === undefined ? spec : { ...spec, account }, 0);
  });
}

/** The names of those that are told of, when all are refused at these moments, one after the other. */
function told(all: readonly Upstream[], ...momentsMs: number[]): (string | undefined)[] {
  const limits = new SharedLimits();
  return momentsMs.flatMap((nowMs) => all.map((each) => limits.refused(each, all, nowMs)?.name));
}

const MOMENTS = [0, 5_000, 10_000, 15_000];

describe('upstreams that are refused together', () => {
  it.each([
    [['https://eth.provider.example/a', 'https://eth.provider.example/b']],
    [['https://eth.provider.example', 'https://base.provider.example']],
    [['https://a.provider.co.uk', 'https://b.provider.co.uk']],
    [['http://10.0.0.1:1', 'http://10.0.0.1:2']],
    [['https://eth.provider.example x', 'https://base.provider.example y']],
  ])('are told of the third time, and once: %j', (urls) => {
    const names = told(upstreams(...urls), ...MOMENTS);
    expect(names.filter((name) => name !== undefined)).toHaveLength(1);
    expect(names.indexOf('u0')).toBe(5);
  });

  it.each([
    ['of different providers', ['https://eth.provider.example', 'https://eth.other.example']],
    ['at different addresses', ['http://10.0.0.1', 'http://10.1.0.1']],
    ['in one country', ['https://one.co.uk', 'https://two.co.uk']],
    ['that share an account', ['https://a.provider.example x', 'https://b.provider.example x']],
  ])('%s are not told of', (_, urls) => {
    expect(told(upstreams(...urls), ...MOMENTS).every((name) => name === undefined)).toBe(true);
  });

  it('count once in one burst', () => {
    const all = upstreams('https://a.provider.example', 'https://b.provider.example');
    expect(told(all, 0, 100, 200, 300, 400).every((name) => name === undefined)).toBe(true);
  });

  it('at different times are not told of', () => {
    const all = upstreams('https://a.provider.example', 'https://b.provider.example');
    const [a, b] = all;
    const limits = new SharedLimits();
    for (let round = 0; round < 9; round += 1) {
      const upstream = round % 2 ? a : b;
      if (upstream) expect(limits.refused(upstream, all, round * 2_000)).toBeUndefined();
    }
  });
});
