// Which requests the admin port serves, by their headers alone.
import { describe, expect, it } from 'vitest';
import { createGuard } from '../../src/admin/auth.ts';
import type { RequestHead } from '../../src/admin/request-head.ts';

type Lines = Readonly<Record<string, string | readonly string[]>>;

function head(method: string, path: string, host: string | undefined, lines: Lines): RequestHead {
  return { method, path, query: undefined, host, lines: (name) => [lines[name] ?? []].flat() };
}

const TOKEN = 'correct-horse-battery-staple';
const JSON_LINE = { 'content-type': 'application/json' };

describe('to read', () => {
  const guard = createGuard({ token: undefined, publicOrigin: undefined });
  const link = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };

  it.each<[string, Lines, string]>([
    ['a program may ask', {}, 'met'],
    ['our own page may', { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' }, 'met'],
    ['the address bar may', { 'sec-fetch-site': 'none', ...link }, 'met'],
    ['a link from another site may', { 'sec-fetch-site': 'cross-site', ...link }, 'met'],
    ['a link from the same site may', { 'sec-fetch-site': 'same-site', ...link }, 'met'],
    [
      'a frame may not',
      { 'sec-fetch-site': 'cross-site', ...link, 'sec-fetch-dest': 'iframe' },
      'ORIGIN_NOT_ALLOWED',
    ],
    [
      'a picture may not',
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' },
      'ORIGIN_NOT_ALLOWED',
    ],
    ['a script may not', { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' }, 'ORIGIN_NOT_ALLOWED'],
  ])('%s', (_, lines, expected) => {
    expect(guard(head('GET', '/events', 'localhost', lines))?.code ?? 'met').toBe(expected);
  });
});

describe('with a token', () => {
  const guard = createGuard({ token: TOKEN, publicOrigin: undefined });
  const codeOf = (path: string, authorization: string | readonly string[]) =>
    guard(head('POST', path, 'lb.example', { ...JSON_LINE, authorization }))?.code ?? 'met';
  const login = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

  it.each<[string, string | readonly string[], string]>([
    ['the token', `Bearer ${TOKEN}`, 'met'],
    ['the scheme in other letters', `bEARER   ${TOKEN}`, 'met'],
    ['nothing', [], 'UNAUTHORIZED'],
    ['an empty line', '', 'UNAUTHORIZED'],
    ['no token', 'Bearer ', 'UNAUTHORIZED'],
    ['the token alone', TOKEN, 'UNAUTHORIZED'],
    ['another scheme', `Digest ${TOKEN}`, 'UNAUTHORIZED'],
    ['a login with the token as password', login(`me:${TOKEN}`), 'met'],
    ['a login without a name', login(`:${TOKEN}`), 'met'],
    ['a login in other letters', login(`me:${TOKEN}`).replace('Basic', 'bASIC  '), 'met'],
    ['a name beyond ASCII', login(`Jörg:${TOKEN}`), 'met'],
    ['the token as the name', login(`${TOKEN}:`), 'UNAUTHORIZED'],
    ['the token without a colon', login(TOKEN), 'UNAUTHORIZED'],
    ['a wrong password', login(`me:${TOKEN}x`), 'UNAUTHORIZED'],
    ['a colon too many', login(`me::${TOKEN}`), 'UNAUTHORIZED'],
    ['a blank behind the password', login(`me:${TOKEN} `), 'UNAUTHORIZED'],
    ['a login that is not encoded', `Basic me:${TOKEN}`, 'UNAUTHORIZED'],
    ['no login', 'Basic ', 'UNAUTHORIZED'],
    ['half a letter of Base64', 'Basic A', 'UNAUTHORIZED'],
    ['two logins in a line', `${login(`me:${TOKEN}`)}, ${login(`me:${TOKEN}`)}`, 'UNAUTHORIZED'],
    ['a login and a token', [login(`me:${TOKEN}`), `Bearer ${TOKEN}`], 'UNAUTHORIZED'],
    ['the login as a token', login(`me:${TOKEN}`).replace('Basic', 'Bearer'), 'UNAUTHORIZED'],
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

  it('a password may hold colons, and letters beyond ASCII', () => {
    const other = createGuard({ token: 'a:b:ü', publicOrigin: undefined });
    expect(other(head('GET', '/', 'x', { authorization: login('me:a:b:ü') }))).toBeUndefined();
    expect(other(head('GET', '/', 'x', { authorization: login('me:a:b:u') }))?.code).toBe('UNAUTHORIZED');
  });

  it('a refusal has a browser ask for a login, whatever was given', () => {
    for (const lines of [{}, { authorization: 'Bearer wrong' }, { authorization: login('me:wrong') }])
      expect(guard(head('GET', '/', 'x', lines))?.headers).toEqual({
        'WWW-Authenticate': 'Basic realm="rpc-load-balancer admin", charset="UTF-8"',
      });
  });

  it('any name is answered', () => {
    expect(
      guard(head('GET', '/stats', 'evil.example', { authorization: `Bearer ${TOKEN}` })),
    ).toBeUndefined();
  });

  // A browser sends a login by itself, whichever page asks.
  it.each<[string, Lines, string]>([
    ['from our own page', { origin: 'http://lb.example', 'sec-fetch-site': 'same-origin' }, 'met'],
    ['from our own page behind TLS', { origin: 'https://lb.example' }, 'met'],
    ['from no page', {}, 'met'],
    ['from another origin', { origin: 'https://evil.example' }, 'ORIGIN_NOT_ALLOWED'],
    ['from another port', { origin: 'http://lb.example:8080' }, 'ORIGIN_NOT_ALLOWED'],
    ['from a sandboxed page', { origin: 'null' }, 'ORIGIN_NOT_ALLOWED'],
    ['from a page of the same site', { 'sec-fetch-site': 'same-site' }, 'ORIGIN_NOT_ALLOWED'],
    ['from a page of another site', { 'sec-fetch-site': 'cross-site' }, 'ORIGIN_NOT_ALLOWED'],
  ])('a change %s is %s', (_, lines, expected) => {
    for (const authorization of [login(`me:${TOKEN}`), `Bearer ${TOKEN}`])
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'])
        expect(
          guard(head(method, '/servers/a', 'lb.example', { ...JSON_LINE, authorization, ...lines }))?.code ??
            'met',
        ).toBe(expected);
  });

  it('a change needs JSON, so that no form can make one', () => {
    const authorization = login(`me:${TOKEN}`);
    const codeFor = (type: string | readonly string[], method = 'POST') =>
      guard(head(method, '/servers', 'lb.example', { authorization, 'content-type': type }))?.code ?? 'met';
    for (const type of [
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'text/plain',
      [],
    ])
      expect(codeFor(type)).toBe('NOT_JSON');
    expect([codeFor('application/json'), codeFor([], 'DELETE')]).toEqual(['met', 'met']);
  });

  it('a stranger learns nothing but that it is one', () => {
    const lines = { origin: 'https://evil.example', 'content-type': 'text/plain' };
    expect(guard(head('POST', '/servers', 'lb.example', lines))?.code).toBe('UNAUTHORIZED');
  });
});

describe.each([TOKEN, undefined])('behind a proxy at PUBLIC_ADMIN_URL, token %s', (token) => {
  const guard = createGuard({ token, publicOrigin: 'https://lb.example' });
  const codeFor = (origin: string, host = 'localhost:9090') => {
    const lines = { ...JSON_LINE, authorization: `Bearer ${TOKEN}`, origin };
    return guard(head('POST', '/servers', host, lines))?.code ?? 'met';
  };

  it.each([
    ['https://lb.example', 'met'],
    ['http://localhost:9090', 'met'],
    ['http://lb.example', 'ORIGIN_NOT_ALLOWED'],
    ['https://lb.example:8443', 'ORIGIN_NOT_ALLOWED'],
    ['https://lb.example.evil.example', 'ORIGIN_NOT_ALLOWED'],
    ['null', 'ORIGIN_NOT_ALLOWED'],
  ])('a change from the origin %s is %s', (origin, expected) => {
    expect(codeFor(origin)).toBe(expected);
  });
});

describe('without a token', () => {
  const guard = createGuard({ token: undefined, publicOrigin: undefined });
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
