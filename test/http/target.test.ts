import { describe, expect, it } from 'vitest';
import { hasDotSegments, readTarget } from '../../src/http/target.ts';
import { upstream } from '../support/upstreams.ts';

function joined(url: string, raw: string): string | undefined {
  const target = readTarget(raw);
  return target && upstream('A', { url }).targetOf(target);
}

describe('targetOf', () => {
  it.each([
    ['http://a.example', '/', '/'],
    ['http://a.example', '/x/y?q=1', '/x/y?q=1'],
    ['http://a.example', '//x', '//x'],
    ['http://a.example/v2/KEY', '/', '/v2/KEY'],
    ['http://a.example/v2/KEY', '/?x=1', '/v2/KEY?x=1'],
    ['http://a.example/v2/KEY', '/x', '/v2/KEY/x'],
    ['http://a.example/v2/KEY/', '/', '/v2/KEY/'],
    ['http://a.example/v2/KEY/', '/x/', '/v2/KEY/x/'],
    ['http://a.example/?key=K', '/', '/?key=K'],
    ['http://a.example/?key=K', '/x?a=b&c', '/x?key=K&a=b&c'],
    ['http://a.example/v2?key=K', '/?', '/v2?key=K'],
    ['http://a.example', '/x?', '/x?'],
    ['http://a.example', '/a%2Fb%20c;d=%7e', '/a%2Fb%20c;d=%7e'],
    ['http://a.example', '/\u00e4\u00ff', '/\u00e4\u00ff'],
    ['http://a.example/v2', 'http://other.example/x?y', '/v2/x?y'],
    ['http://a.example/v2', 'http://other.example', '/v2'],
    ['http://a.example/v2', 'http://other.example?y', '/v2?y'],
  ])('%s asked for %s gets %s', (url, raw, expected) => {
    expect(joined(url, raw)).toBe(expected);
  });
});

describe('readTarget', () => {
  it.each(['*', 'x', 'ftp://a.example/', '/x#frag', 'http:/x', ''])('refuses %j', (raw) => {
    expect(readTarget(raw)).toBeUndefined();
  });

  it('names the authority of an absolute form', () => {
    expect(readTarget('HTTP://b.example:81/x')?.authority).toBe('b.example:81');
  });
});

describe('hasDotSegments', () => {
  it.each([
    '/..',
    '/../x',
    '/x/..',
    '/x/./y',
    '/%2e%2e/x',
    '/.%2E',
    '/x%2f..%2fy',
    '/x/..;a/y',
    '/x\\..\\y',
    '/%2e/',
  ])('finds one in %s', (path) => {
    expect(hasDotSegments(path)).toBe(true);
  });

  it.each(['/', '/x', '/x..y', '/...', '/.well-known/x', '/a.b/c.d', '/%2etc', '/v2/..x', '/1.0/%20'])(
    'finds none in %s',
    (path) => {
      expect(hasDotSegments(path)).toBe(false);
    },
  );
});
