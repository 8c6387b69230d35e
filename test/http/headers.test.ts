import { describe, expect, it } from 'vitest';
import { createIdentity } from '../../src/http/header-lines.ts';
import { attemptHeaders, readRequestHeaders } from '../../src/http/request-headers.ts';
import { readResponseHeaders, saneReasonPhrase } from '../../src/http/response-headers.ts';
import { upstream } from '../support/upstreams.ts';

const identity = createIdentity('lb-1');
const origin = {
  address: '10.0.0.9',
  host: 'lb.example',
  forwardedFor: '10.0.0.9',
  forwardedProto: 'http',
  forwardedHost: 'lb.example',
  forwardedMore: undefined,
};
const ROOT = { path: '/', query: undefined, authority: undefined };
const rewriting = {
  upstream: upstream('A'),
  target: ROOT,
  requested: ROOT,
  prefix: '',
  origin,
};
const plain = { authorization: undefined, keepsHost: false, headers: [], headerNames: new Set<string>() };

/** The names that go on, lower-cased. */
function names(lines: readonly string[]): string[] {
  return lines.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());
}

function response(...lines: string[]): Buffer[] {
  return lines.map((text) => Buffer.from(text, 'latin1'));
}

it('an empty traceparent is none', () => {
  expect(readRequestHeaders(['traceparent', ''], identity).traceId).toBeUndefined();
});

describe('readRequestHeaders', () => {
  it.each([
    'Connection',
    'Keep-Alive',
    'Proxy-Connection',
    'Proxy-Authenticate',
    'Proxy-Authorization',
    'TE',
    'Trailer',
    'Transfer-Encoding',
    'Upgrade',
    'HTTP2-Settings',
    'Expect',
    'Host',
    'Content-Length',
    'X-Forwarded-For',
    'x-forwarded-anything',
    'X_Forwarded_For',
    'x_forwarded-proto',
    'Forwarded',
    'X-Real-IP',
    'X_Real_IP',
    'X-Request-Id',
  ])('does not send the client’s %s on', (name) => {
    expect(names(readRequestHeaders([name, '1', 'Accept', '*/*'], identity).forward)).toEqual([
      'accept',
      'via',
    ]);
  });

  it('drops every name that Connection lists', () => {
    const raw = ['Connection', 'close, X-Secret ,x-other', 'X-Secret', '1', 'X-Other', '2', 'X-Kept', '3'];
    expect(readRequestHeaders(raw, identity).forward).toEqual(['X-Kept', '3', 'Via', '1.1 lb-1']);
  });

  it.each(['Authorization', 'Cookie'])('keeps %s although Connection names it', (name) => {
    const { forward, authorization } = readRequestHeaders(['Connection', name, name, 'x'], identity);
    expect([...forward, ...(authorization ?? [])]).toContain(name);
  });

  it('keeps repeated lines in number and order, and bytes above 127', () => {
    const raw = ['Cookie', 'a=1', 'User-Agent', 'x', 'Cookie', 'b=\u00e4', 'user-agent', 'y'];
    expect(readRequestHeaders(raw, identity).forward).toEqual([...raw, 'Via', '1.1 lb-1']);
  });

  it('appends itself to Via and finds itself in it', () => {
    const once = readRequestHeaders(['Via', '1.0 other, 1.1 third', 'via', '1.1 fourth'], identity);
    expect(once.forward).toEqual(['Via', '1.0 other, 1.1 third, 1.1 fourth, 1.1 lb-1']);
    expect(once.looped).toBe(false);
    expect(readRequestHeaders(['Via', '1.0 other,1.1 lb-1 (x)'], identity).looped).toBe(true);
    expect(readRequestHeaders(['Via', '1.1 lb-12'], identity).looped).toBe(false);
  });

  it.each(['Host', 'Content-Length', 'Transfer-Encoding'])('tells of a repeated %s', (name) => {
    expect(readRequestHeaders([name, '1', name.toLowerCase(), '1'], identity).repeated).toBe(true);
  });

  it.each([
    ['abc-123', 'abc-123'],
    ['a._~:/+=@-9', 'a._~:/+=@-9'],
    ['x'.repeat(128), 'x'.repeat(128)],
    ['x'.repeat(129), undefined],
    ['with blank', undefined],
    ['', undefined],
    ['a"b', undefined],
  ])('takes the request id %j as %j', (given, taken) => {
    expect(readRequestHeaders(['X-Request-Id', given], identity).requestId).toBe(taken);
  });
});

describe('attemptHeaders', () => {
  it('says where the request came from, in place of the client’s claims', () => {
    const headers = readRequestHeaders(['X-Forwarded-For', '6.6.6.6', 'Accept', '*/*'], identity);
    const lines = attemptHeaders(headers, origin, 'id-1', plain);
    expect(lines.filter((text) => text === '6.6.6.6')).toEqual([]);
    expect(lines.slice(4)).toEqual([
      'X-Forwarded-For',
      '10.0.0.9',
      'X-Forwarded-Proto',
      'http',
      'X-Request-Id',
      'id-1',
      'X-Forwarded-Host',
      'lb.example',
    ]);
  });

  it('sends the upstream’s own credentials in place of the client’s', () => {
    const headers = readRequestHeaders(['Authorization', 'Bearer client'], identity);
    expect(attemptHeaders(headers, origin, 'id', plain)).toContain('Bearer client');
    const own = attemptHeaders(headers, origin, 'id', { ...plain, authorization: 'Basic b3du' });
    expect(own).toContain('Basic b3du');
    expect(own).not.toContain('Bearer client');
  });

  it('sends the upstream’s own lines in place of the client’s, and leaves the request as it is', () => {
    const headers = readRequestHeaders(['x-key', '1', 'X-KEY', '2', 'Accept', '*/*'], identity);
    const own = { ...plain, headers: ['X-Key', 'own'], headerNames: new Set(['x-key']) };
    expect(attemptHeaders(headers, origin, 'id', own).slice(0, 6)).toEqual([
      'Accept',
      '*/*',
      'Via',
      '1.1 lb-1',
      'X-Key',
      'own',
    ]);
    expect(attemptHeaders(headers, origin, 'id', plain).slice(0, 4)).toEqual(['x-key', '1', 'X-KEY', '2']);
  });
});

describe('readResponseHeaders', () => {
  it('keeps Set-Cookie lines apart and drops what ends at this hop', () => {
    const raw = response(
      ...[
        'Set-Cookie',
        'a=1',
        'Set-Cookie',
        'b=2',
        'Connection',
        'X-Hop',
        'X-Hop',
        '1',
        'Keep-Alive',
        'timeout=5',
      ],
      ...['Transfer-Encoding', 'chunked', 'Content-Length', '12', 'Trailer', 'x'],
    );
    const headers = readResponseHeaders(raw, identity, rewriting);
    expect(headers?.forward).toEqual(['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'Via', '1.1 lb-1']);
    expect(headers?.contentLength).toBe(12);
  });

  it('passes bytes above 127 unchanged', () => {
    expect(readResponseHeaders(response('X-Name', 'J\u00f6rg'), identity, rewriting)?.forward[1]).toBe(
      'J\u00f6rg',
    );
  });

  it.each([
    ['a control character in a value', response('X-A', 'a\u0001b')],
    ['a line feed in a value', response('X-A', 'a\nb')],
    ['a blank in a name', response('X A', 'b')],
    ['an empty name', response('', 'b')],
    ['an unknown coding', response('Transfer-Encoding', 'gzip, chunked')],
    ['a repeated coding', response('Transfer-Encoding', 'chunked', 'Transfer-Encoding', 'chunked')],
    ['201 lines', response(...Array.from({ length: 402 }, () => 'x'))],
  ])('refuses %s', (_what, raw) => {
    expect(readResponseHeaders(raw, identity, rewriting)).toBeUndefined();
  });

  it('takes 200 lines', () => {
    expect(
      readResponseHeaders(response(...Array.from({ length: 400 }, () => 'x')), identity, rewriting),
    ).toBeDefined();
  });
});

describe('saneReasonPhrase', () => {
  it('drops a phrase with control characters', () => {
    expect(saneReasonPhrase('Not\u0000OK', rewriting.upstream)).toBe('');
    expect(saneReasonPhrase('Très bien', rewriting.upstream)).toBe('Très bien');
  });
});
