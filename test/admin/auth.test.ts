// Which requests the admin port serves, by their headers alone.
import { describe, expect, it } from 'vitest';
import { createGuard } from '../../src/admin/auth.ts';
import type { RequestHead } from '../../src/admin/request-head.ts';

type Lines = Readonly<Record<string, string | readonly string[]>>;

function head(method: string, path: string, host: string | undefined, lines: Lines): RequestHead {
  return { method, path, host, lines: (name) => [lines[name] ?? []].flat() };
}

const TOKEN = 'correct-horse-battery-staple';
const JSON_LINE = { 'content-type': 'application/json' };

describe('with a token', () => {
  const guard = createGuard(TOKEN);
  const codeOf = (path: string, authorization: string | readonly string[]) =>
    guard(head('POST', path, 'lb.example', { authorization }))?.code ?? 'met';

  it.each<[string, string | readonly string[], string]>([
    ['the token', `Bearer ${TOKEN}`, 'met'],
    ['the scheme in other letters', `bEARER   ${TOKEN}`, 'met'],
    ['nothing', [], 'UNAUTHORIZED'],
    ['an empty line', '', 'UNAUTHORIZED'],
    ['no token', 'Bearer ', 'UNAUTHORIZED'],
    ['the token alone', TOKEN, 'UNAUTHORIZED'],
    ['another scheme', `Basic ${TOKEN}`, 'UNAUTHORIZED'],
    ['the beginning of the token', `Bearer ${TOKEN.slice(0, -1)}`, 'UNAUTHORIZED'],
    ['more than the token', `Bearer ${TOKEN}x`, 'UNAUTHORIZED'],
    ['the token in other letters', `Bearer ${TOKEN.toUpperCase()}`, 'UNAUTHORIZED'],
    ['something behind it', `Bearer ${TOKEN} x`, 'UNAUTHORIZED'],
    ['it twice', [`Bearer ${TOKEN}`, `Bearer ${TOKEN}`], 'UNAUTHORIZED'],
    ['a long one', `Bearer ${'x'.repeat(10_000)}`, 'UNAUTHORIZED'],
  ])('%s is answered accordingly', (_, authorization, expected) => {
    expect(codeOf('/servers', authorization)).toBe(expected);
  });

  it('only /healthz, byte for byte, needs none', () => {
    expect(codeOf('/healthz', [])).toBe('met');
    for (const path of [
      '/healthz/',
      '//healthz',
      '/HEALTHZ',
      '/healthz/../config',
      '/%68ealthz',
      '/readyz',
      '/',
    ])
      expect(codeOf(path, [])).toBe('UNAUTHORIZED');
  });

  it('a refusal says what to come with, and whether what was given was wrong', () => {
    const challengeOf = (lines: Lines) => guard(head('GET', '/', 'x', lines))?.headers;
    expect(challengeOf({})).toEqual({ 'WWW-Authenticate': 'Bearer' });
    expect(challengeOf({ authorization: 'Bearer wrong' })).toEqual({
      'WWW-Authenticate': 'Bearer error="invalid_token"',
    });
  });

  it('any name and any origin is answered: no page can make a browser send the token', () => {
    const lines = { authorization: `Bearer ${TOKEN}`, origin: 'https://evil.example' };
    expect(guard(head('DELETE', '/servers/a', 'evil.example', lines))).toBeUndefined();
  });
});

describe('without a token', () => {
  const guard = createGuard(undefined);
  const codeOf = (method: string, host: string | undefined, lines: Lines = {}) =>
    guard(head(method, '/servers', host, lines))?.code ?? 'met';

  it.each<[string | undefined, string]>([
    ['localhost', 'met'],
    ['localhost:9090', 'met'],
    ['LOCALHOST:80', 'met'],
    ['127.0.0.1', 'met'],
    ['127.0.0.1:9090', 'met'],
    ['127.9.9.9:1', 'met'],
    ['[::1]', 'met'],
    ['[::1]:9090', 'met'],
    ['[0:0:0:0:0:0:0:1]:9090', 'met'],
    [undefined, 'HOST_NOT_ALLOWED'],
    ['', 'HOST_NOT_ALLOWED'],
    [':9090', 'HOST_NOT_ALLOWED'],
    ['evil.example', 'HOST_NOT_ALLOWED'],
    ['evil.example:9090', 'HOST_NOT_ALLOWED'],
    ['localhost.evil.example', 'HOST_NOT_ALLOWED'],
    ['evil.localhost', 'HOST_NOT_ALLOWED'],
    ['127.0.0.1.evil.example', 'HOST_NOT_ALLOWED'],
    ['127.0.0.1.nip.io', 'HOST_NOT_ALLOWED'],
    ['0.0.0.0:9090', 'HOST_NOT_ALLOWED'],
    ['[::]:9090', 'HOST_NOT_ALLOWED'],
    ['[::ffff:127.0.0.1]', 'HOST_NOT_ALLOWED'],
    ['192.168.1.1', 'HOST_NOT_ALLOWED'],
    ['2130706433', 'HOST_NOT_ALLOWED'],
    ['localhost:9090:9090', 'HOST_NOT_ALLOWED'],
  ])('the host %j is %s, to read as well', (host, expected) => {
    for (const method of ['GET', 'HEAD', 'POST', 'DELETE'])
      expect(codeOf(method, host, JSON_LINE)).toBe(expected);
  });

  it.each<[string | readonly string[], string]>([
    [[], 'met'],
    ['http://localhost:9090', 'met'],
    ['HTTP://LOCALHOST:9090', 'met'],
    ['null', 'ORIGIN_NOT_ALLOWED'],
    ['', 'ORIGIN_NOT_ALLOWED'],
    ['https://evil.example', 'ORIGIN_NOT_ALLOWED'],
    ['http://localhost', 'ORIGIN_NOT_ALLOWED'],
    ['http://localhost:3000', 'ORIGIN_NOT_ALLOWED'],
    ['http://127.0.0.1:9090', 'ORIGIN_NOT_ALLOWED'],
    ['http://localhost:9090.evil.example', 'ORIGIN_NOT_ALLOWED'],
    ['http://localhost:9090@evil.example', 'ORIGIN_NOT_ALLOWED'],
    ['http://evil.example#localhost:9090', 'ORIGIN_NOT_ALLOWED'],
    ['file://localhost:9090', 'ORIGIN_NOT_ALLOWED'],
    ['http://localhost:9090 https://evil.example', 'ORIGIN_NOT_ALLOWED'],
    [['http://localhost:9090', 'https://evil.example'], 'ORIGIN_NOT_ALLOWED'],
  ])('a change from the origin %j is %s', (origin, expected) => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'])
      expect(codeOf(method, 'localhost:9090', { ...JSON_LINE, origin })).toBe(expected);
    // A link from anywhere may lead here; the answer is for no other page to read.
    expect(codeOf('GET', 'localhost:9090', { origin })).toBe('met');
  });

  it.each([
    ['same-origin', 'met'],
    ['none', 'met'],
    ['same-site', 'ORIGIN_NOT_ALLOWED'],
    ['cross-site', 'ORIGIN_NOT_ALLOWED'],
    ['', 'ORIGIN_NOT_ALLOWED'],
  ])('a change that a browser calls %j is %s', (site, expected) => {
    expect(codeOf('POST', 'localhost', { ...JSON_LINE, 'sec-fetch-site': site })).toBe(expected);
    expect(codeOf('DELETE', 'localhost', { 'sec-fetch-site': site })).toBe(expected);
  });

  it.each<[string | readonly string[], string]>([
    ['application/json', 'met'],
    ['Application/JSON ; charset=utf-8', 'met'],
    [[], 'NOT_JSON'],
    ['', 'NOT_JSON'],
    ['text/plain', 'NOT_JSON'],
    ['text/plain; application/json', 'NOT_JSON'],
    ['application/json-patch+json', 'NOT_JSON'],
    ['application/x-www-form-urlencoded', 'NOT_JSON'],
    ['application/jsonx', 'NOT_JSON'],
    [['application/json', 'text/plain'], 'NOT_JSON'],
  ])('a change of the type %j is %s, but a DELETE needs none', (type, expected) => {
    for (const method of ['POST', 'PUT', 'PATCH'])
      expect(codeOf(method, 'localhost', { 'content-type': type })).toBe(expected);
    expect(codeOf('DELETE', 'localhost', { 'content-type': type })).toBe('met');
  });
});
