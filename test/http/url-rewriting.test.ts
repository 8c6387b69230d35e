// What an upstream's headers say of URLs, at an upstream whose own path and query are secret.
import { describe, expect, it } from 'vitest';
import { createIdentity } from '../../src/http/header-lines.ts';
import { readResponseHeaders } from '../../src/http/response-headers.ts';
import { fc } from '../support/properties.ts';
import { upstream } from '../support/upstreams.ts';

const identity = createIdentity('lb-1');
const SECRET = upstream('A', { url: 'http://user33:pass44word@up.example/v2/pathKey11?key=queryKey22' });
const PLAIN = upstream('B', { url: 'http://up.example:8080' });
const origin = {
  address: '10.0.0.9',
  host: 'lb.example',
  forwardedFor: '10.0.0.9',
  forwardedProto: 'http',
  forwardedHost: 'rpc.example',
  forwardedMore: undefined,
};

/** The value that the client gets in this header; undefined when it gets none. */
function shown(name: string, value: string, { from = SECRET, target = '/docs/a' } = {}): string | undefined {
  const [path = '', query] = target.split('?');
  const sent = { path, query, authority: undefined };
  const rewriting = { upstream: from, target: sent, requested: sent, prefix: '', origin };
  const raw = [Buffer.from(name), Buffer.from(value, 'latin1')];
  const { forward = [] } = readResponseHeaders(raw, identity, rewriting) ?? {};
  return forward[0] === name ? forward[1] : undefined;
}

describe('Location', () => {
  it.each([
    ['the upstream itself', 'http://up.example/v2/pathKey11?key=queryKey22', '/'],
    ['the same by https', 'https://up.example/v2/pathKey11/x?key=queryKey22', '/x'],
    ['its default port', 'http://up.example:80/v2/pathKey11/x?key=queryKey22&a=b', '/x?a=b'],
    ['another case', 'HTTP://UP.Example/V2/PATHKEY11/x', '/x'],
    ['a dot behind the host', 'http://up.example./v2/pathKey11/x', '/x'],
    ['its user-info', 'http://user33:pass44word@up.example/v2/pathKey11/x#y', '/x#y'],
    ['no scheme', '//up.example/v2/pathKey11/x', '/x'],
    ['a path', '/v2/pathKey11/x/?key=queryKey22', '/x/'],
    ['an encoded path', '/v2/%70athKey11/x', '/x'],
    ['dot segments', 'http://up.example/v2/y/../pathKey11/x', '/x'],
    ['a path beside its own', 'http://up.example/login', '/login'],
    ['a query in another order', '/v2/pathKey11/x?b=1&key=queryKey22&a=2', '/x?b=1&a=2'],
    ['the key twice', '/v2/pathKey11/x?key=queryKey22&key=queryKey22', '/x?***'],
    ['the key under another name', '/v2/pathKey11/x?token=queryKey22', '/x?token=***'],
    ['a relative path with the key', '../../pathKey11/docs/b', '/docs/b'],
    ['nothing but the query', '?key=queryKey22&page=2', '/docs/a?page=2'],
    ['what would be another host', 'http://up.example/v2/pathKey11//evil.example/x', '/evil.example/x'],
    ['what browsers take for another host', '/v2/pathKey11/\\evil.example/x', '/evil.example/x'],
    ['our own host', 'https://lb.example/v2/pathKey11/x', '/x'],
    ['our own host, as the proxy before us calls it', 'https://rpc.example/v2/pathKey11/x', '/x'],
    ['another server', 'https://other.example/x?a=b', 'https://other.example/x?a=b'],
    ['another port', 'http://up.example:81/v2/pathKey11/x', 'http://up.example:81***/x'],
    [
      'another server that gets the URL',
      'https://id.example/login?next=http%3A%2F%2Fup.example%2Fv2%2FpathKey11%2Fx',
      'https://id.example/login?next=http%3A%2F%2Fup.example***%2Fx',
    ],
    ['no URL at all, without a secret', 'http://[', 'http://['],
    ['no URL at all, with a secret', 'http://[pathKey11', undefined],
  ])('of %s', (_, value, expected) => {
    expect(shown('Location', value)).toBe(expected);
    expect(shown('Content-Location', value)).toBe(expected);
  });

  it.each(['/docs/b?c=d', 'b', '../b', '#b', '', 'https://lb.example/x?a=b'])(
    'that leads the client there as it is stays as it is: %s',
    (value) => {
      expect(shown('Location', value)).toBe(value);
    },
  );

  it('of an upstream that is nothing but a host stays as it is', () => {
    for (const value of ['http://up.example:8080/x?y#z', '/x y'])
      expect(shown('Location', value, { from: PLAIN })).toBe(value);
  });

  it('of an upstream with a path that is no secret becomes a path at ours', () => {
    const from = upstream('C', { url: 'http://up.example/v2' });
    expect(shown('Location', 'https://up.example/v2/x?y#z', { from })).toBe('/x?y#z');
    expect(shown('Location', '/v2', { from })).toBe('/');
  });

  it('relative to the upstream’s own path is relative to ours', () => {
    expect(shown('Location', 'pathKey11/', { target: '/' })).toBe('/');
    expect(shown('Location', 'login', { target: '/' })).toBe('/v2/login');
  });

  it('keeps letters beyond ASCII', () => {
    expect(shown('Location', Buffer.from('/v2/pathKey11/ä').toString('latin1'))).toBe('/%C3%A4');
    expect(shown('Location', Buffer.from('/ä').toString('latin1'))).toBe(
      Buffer.from('/ä').toString('latin1'),
    );
  });
});

it('no secret shows in any reference, whatever it is made of', () => {
  const pieces = [
    ...[
      'http://up.example',
      'HTTPS://up.example:443',
      '//up.example',
      'https://other.example',
      '//',
      '/',
      '\\',
    ],
    ...[
      '/v2',
      '/pathKey11',
      'PATHKEY11',
      '/%70athKey11',
      '%2FpathKey11',
      '/x',
      '..',
      '/./',
      'javascript:',
      ' ',
    ],
    ...[
      '?',
      'key=queryKey22',
      '&',
      'queryKey22',
      'q%75eryKey22',
      '#',
      '@',
      'user33:pass44word@',
      '[',
      '%',
      ':80',
    ],
  ];
  const reference = fc.array(fc.constantFrom(...pieces), { maxLength: 8 }).map((parts) => parts.join(''));
  const target = fc.constantFrom('/', '/a', '/a/b/', '/a?b=c');
  fc.assert(
    fc.property(reference, target, (value, asked) => {
      const seen = shown('Location', value, { target: asked }) ?? '';
      const read = seen.replace(/%([2-7][0-9a-f])/gi, (_, hex) =>
        String.fromCharCode(Number.parseInt(hex, 16)),
      );
      expect(`${seen} ${read}`.toLowerCase()).not.toMatch(/pathkey11|querykey22|user33|pass44word/);
      // Nor does it lead anywhere where it did not lead before.
      if (!/other\.example|^\s*[/\\]{2}/.test(value)) expect(seen).not.toMatch(/^[/\\]{2}/);
    }),
    { numRuns: 2_000 },
  );
});

describe('no secret shows in', () => {
  it.each([
    [
      'Link',
      '<http://up.example/v2/pathKey11/2?key=queryKey22>; rel="next", <https://cdn.example/s.css>; title="queryKey22"',
      '</2>; rel="next", <https://cdn.example/s.css>; title="***"',
    ],
    ['Link', '<http://[pathKey11>; rel=next', undefined],
    ['Refresh', '5; url=http://up.example/v2/pathKey11/x', '5; url=/x'],
    ['Refresh', "0;URL='/v2/pathKey11/x?key=queryKey22'", "0;URL='/x'"],
    ['Refresh', '5', '5'],
    ['Set-Cookie', 'a=b; Path=/v2/pathKey11; HttpOnly', 'a=b; Path=/; HttpOnly'],
    ['Set-Cookie', 'a=b; path=/v2/pathKey11/x', 'a=b; path=/x'],
    ['Set-Cookie', 'a=b; Path=/v2', 'a=b; Path=/'],
    ['Set-Cookie', 'a=b; Path=/other', 'a=b; Path=/other'],
    ['Set-Cookie', 'path=/v2/pathKey11; Secure', 'path=***; Secure'],
    ['X-Request-Url', 'GET /v2/pathKey11/x?key=queryKey22', 'GET ***/x?***'],
    ['X-Cache-Key', 'up.example%2Fv2%2FpathKey11', 'up.example***'],
    ['X-Key', 'QUERYKEY22', '***'],
    ['X-Auth', `Basic ${Buffer.from('user33:pass44word').toString('base64')}`, 'Basic ***'],
    ['Content-Type', 'text/plain; a=queryKey22', 'text/plain; a=***'],
  ])('%s: %s', (name, value, expected) => {
    expect(shown(name, value)).toBe(expected);
  });

  it('Via', () => {
    expect(shown('Via', '1.1 pathKey11')).toBe('1.1 ***, 1.1 lb-1');
  });
});

it('leaves alone what only speaks of a chain', () => {
  const from = upstream('A', { url: 'https://up.example/ethereum/KEY1234567?network=mainnet' });
  expect(shown('X-Chain', 'ethereum mainnet', { from })).toBe('ethereum mainnet');
  expect(shown('X-Chain', '/ethereum/KEY1234567', { from })).toBe('***');
});
