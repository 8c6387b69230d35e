import { describe, expect, it } from 'vitest';
import { upstream } from '../support/upstreams.ts';

/** User and password as the upstream will read them; undefined when it gets no Authorization line. */
function credentials(url: string): string | undefined {
  const { authorization } = upstream('A', { url });
  if (authorization === undefined) return undefined;
  const [scheme, encoded = ''] = authorization.split(' ');
  expect(scheme).toBe('Basic');
  return Buffer.from(encoded, 'base64').toString('utf8');
}

describe('the Authorization line made of a user-info', () => {
  it.each([
    ['https://user:pass@a.example', 'user:pass'],
    ['https://user@a.example', 'user:'],
    ['https://:pass@a.example', ':pass'],
    ['https://us%65r:p%40ss%3Aw%2Frd@a.example', 'user:p@ss:w/rd'],
    ['https://user:100%25@a.example', 'user:100%'],
    ['https://user:a+b@a.example', 'user:a+b'],
    ['https://m%C3%BCller:p%C3%A4ss@a.example', 'müller:päss'],
    ['https://user:p:q@a.example', 'user:p:q'],
  ])('of %s holds %s', (url, expected) => {
    expect(credentials(url)).toBe(expected);
  });

  it.each(['https://a.example', 'https://@a.example', 'https://:@a.example/user:pass'])(
    'is not there for %s',
    (url) => {
      expect(credentials(url)).toBeUndefined();
    },
  );
});

describe('what an upstream shows of its URL', () => {
  it.each([
    ['https://user:pass@a.example:443/v2/KEY?k=KEY', 'https://a.example', 'a.example', true],
    ['http://user:pass@a.example:8545/KEY', 'http://a.example:8545', 'a.example:8545', false],
    ['http://[::1]:8545/KEY', 'http://[::1]:8545', '[::1]:8545', false],
  ])('%s has the origin %s', (url, origin, host, secure) => {
    const { origin: shown, host: line, secure: tls } = upstream('A', { url });
    expect([shown, line, tls]).toEqual([origin, host, secure]);
  });

  it('keeps path and query byte for byte', () => {
    const { basePath, baseQuery } = upstream('A', { url: 'https://a.example/v2/K%45Y/?k=%4b&l' });
    expect([basePath, baseQuery]).toEqual(['/v2/K%45Y/', 'k=%4b&l']);
  });
});

it('begins up, with nothing counted', () => {
  const { inFlight, attempts, failures, down, draining, upSinceMs, weight } = upstream('A', {
    nowMs: 5_000,
    weight: 7,
  });
  expect({ inFlight, attempts, failures, down, draining, upSinceMs, weight }).toEqual({
    inFlight: 0,
    attempts: 0,
    failures: 0,
    down: undefined,
    draining: false,
    upSinceMs: 5_000,
    weight: 7,
  });
});
