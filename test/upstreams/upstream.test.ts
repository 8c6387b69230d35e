import { inspect } from 'node:util';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { UpstreamIdentity } from '../../src/events.ts';
import type { Upstream } from '../../src/upstreams/upstream.ts';
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

describe('the secrets of an upstream', () => {
  const a = upstream('A', { url: 'https://user:seCret@a.example/seCret?key=seCret' });
  const SECRET = /seCret|dXNlcjpzZUNyZXQ/;

  const written = (write: (logger: ReturnType<typeof pino>) => void) => {
    const lines: string[] = [];
    write(pino({ base: null }, { write: (line: string) => void lines.push(line) }));
    return lines.join('');
  };

  it('are there for those who ask for them', () => {
    expect(`${a.basePath} ${a.baseQuery}`).toBe('/seCret key=seCret');
    expect(a.authorization).toMatch(SECRET);
  });

  it.each([
    ['JSON', JSON.stringify({ at: a })],
    ['inspect', inspect({ at: [a] }, { depth: Number.POSITIVE_INFINITY, showHidden: true })],
    ['a copy', inspect({ ...a }, { depth: Number.POSITIVE_INFINITY, showHidden: true })],
    ['a line of the log', written((logger) => logger.info({ upstream: a }, 'Told'))],
    ['a line of the log that is made of it', written((logger) => logger.info(a, 'Told'))],
    ['a text in a line of the log', written((logger) => logger.info('%o %O %j %s', a, a, a, a))],
  ])('are not shown by %s, its name is', (_, text) => {
    expect(text).not.toMatch(SECRET);
    expect(text).toMatch(/name\W+A\b/);
  });

  it('leave name and tier to JSON', () => {
    expect(JSON.stringify(a)).toBe('{"name":"A","tier":"primary"}');
  });
});

describe('the identity of an upstream', () => {
  it('is not that of its namesake', () => {
    const a = upstream('A', { tier: 'fallback' });
    expect(a.identity).toMatchObject({ name: 'A', tier: 'fallback' });
    expect(a.identity).not.toBe(upstream('A', { tier: 'fallback' }).identity);
  });

  it('is nothing that the compiler takes an upstream for', () => {
    const isRefused: Upstream extends UpstreamIdentity ? false : true = true;
    expect(isRefused).toBe(true);
    expect(upstream('A')).not.toBeInstanceOf(UpstreamIdentity);
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
