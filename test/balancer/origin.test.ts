// Where a request came from, as far as it can be believed.
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createOriginReader } from '../../src/balancer/origin.ts';
import { createIdentity } from '../../src/http/header-lines.ts';
import { readRequestHeaders } from '../../src/http/request-headers.ts';

const identity = createIdentity('lb-1');
const PROXY = '10.0.0.1';

function requestFrom(peer: string): IncomingMessage {
  // Of a request only its connection's address is read.
  return { socket: { remoteAddress: peer } as Socket } as IncomingMessage;
}

function originOf(trusted: readonly string[] | undefined, peer: string, ...raw: string[]) {
  const headers = readRequestHeaders(raw, identity);
  return createOriginReader(trusted)(requestFrom(peer), headers, 'lb.example', 'http');
}

describe('from a peer that is not trusted', () => {
  it.each([
    ['without trusted networks', undefined],
    ['outside of them', ['10.0.0.2/32', 'fd00::/8']],
  ])('%s, all claims are void', (_, trusted) => {
    const raw = ['X-Forwarded-For', '6.6.6.6', 'X-Forwarded-Proto', 'https', 'X-Forwarded-Port', '1'];
    expect(originOf(trusted, PROXY, ...raw)).toEqual({
      address: PROXY,
      host: 'lb.example',
      forwardedFor: PROXY,
      forwardedProto: 'http',
      forwardedHost: 'lb.example',
      forwardedMore: undefined,
    });
  });
});

describe('from a trusted peer', () => {
  it('what it says is kept, its own address added', () => {
    const raw = [
      'X-Forwarded-For',
      '192.0.2.7',
      'X-Forwarded-Proto',
      'https',
      'x-forwarded-host',
      'shop.test',
    ];
    expect(originOf(['10.0.0.0/8'], PROXY, ...raw, 'X-Forwarded-Port', '443')).toEqual({
      address: '192.0.2.7',
      host: 'lb.example',
      forwardedFor: '192.0.2.7, 10.0.0.1',
      forwardedProto: 'https',
      forwardedHost: 'shop.test',
      forwardedMore: ['X-Forwarded-Port', '443'],
    });
  });

  it('what it does not say is seen here', () => {
    expect(originOf(['10.0.0.0/8'], PROXY, 'X-Forwarded-Host', 'shop.test')).toMatchObject({
      address: PROXY,
      forwardedFor: PROXY,
      forwardedProto: 'http',
      forwardedHost: 'shop.test',
    });
    expect(originOf(['10.0.0.0/8'], PROXY)).toMatchObject({ address: PROXY, forwardedHost: 'lb.example' });
  });

  it.each([
    ['one hop', '192.0.2.7', '192.0.2.7'],
    ['the right-most that is not trusted', '6.6.6.6, 192.0.2.7, 10.0.0.2', '192.0.2.7'],
    ['the left-most where all are trusted', '10.0.0.4, 10.0.0.3', '10.0.0.4'],
    ['not beyond what is no address', '6.6.6.6, unknown, 10.0.0.2', '10.0.0.2'],
    ['the peer where there is nothing else', 'unknown', PROXY],
    ['the peer where it is empty', '', PROXY],
    ['with its port', '192.0.2.7:4711', '192.0.2.7'],
    ['of IPv6', '2001:db8::7, 10.0.0.2', '2001:db8::7'],
    ['of IPv6 with its port', '[2001:db8::7]:4711', '2001:db8::7'],
    ['of IPv4 in IPv6', '::ffff:192.0.2.7, ::ffff:10.0.0.2', '192.0.2.7'],
    ['not a name that looks like one', '192.0.2.7.evil.test', PROXY],
  ])('the client is %s', (_, chain, client) => {
    expect(originOf(['10.0.0.0/8'], PROXY, 'X-Forwarded-For', chain).address).toBe(client);
  });

  it('several lines are one list', () => {
    const raw = ['X-Forwarded-For', '6.6.6.6', 'X-Forwarded-For', '192.0.2.7'];
    expect(originOf(['10.0.0.0/8'], PROXY, ...raw)).toMatchObject({
      address: '192.0.2.7',
      forwardedFor: '6.6.6.6, 192.0.2.7, 10.0.0.1',
    });
  });

  it('the spelling with underscores, Forwarded and X-Real-IP are not believed', () => {
    const raw = ['X_Forwarded_For', '6.6.6.6', 'Forwarded', 'for=6.6.6.6', 'X-Real-IP', '6.6.6.6'];
    const origin = originOf(['10.0.0.0/8'], PROXY, ...raw);
    expect(JSON.stringify(origin)).not.toContain('6.6.6.6');
  });

  it.each([
    ['10.0.0.0/8', '::ffff:10.9.9.9', true],
    ['10.0.0.0/8', '::ffff:11.9.9.9', false],
    ['fe80::/10', 'fe80::1%eth0', true],
    ['::1/128', '::1', true],
    ['0.0.0.0/0', '203.0.113.9', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['10.0.0.0/8', '', false],
  ])('%s has %s: %s', (network, peer, believed) => {
    const { address } = originOf([network], peer, 'X-Forwarded-For', '192.0.2.7');
    expect(address === '192.0.2.7').toBe(believed);
  });

  it('is asked about once for each connection', () => {
    const read = createOriginReader(['10.0.0.0/8']);
    const headers = readRequestHeaders(['X-Forwarded-For', '192.0.2.7'], identity);
    const request = requestFrom(PROXY);
    expect(read(request, headers, 'a', 'http').address).toBe('192.0.2.7');
    Object.assign(request.socket, { remoteAddress: '203.0.113.9' });
    expect(read(request, headers, 'a', 'http').forwardedFor).toBe('192.0.2.7, 203.0.113.9');
  });
});
