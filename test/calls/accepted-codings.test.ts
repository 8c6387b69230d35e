import { describe, expect, it } from 'vitest';
import { asksForUnreadable, removeUnreadable } from '../../src/calls/accepted-codings.ts';
import { canUnpack } from '../../src/http/decode.ts';
import { startApp } from '../support/app.ts';
import { answerByLabel } from '../support/behaviours.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { http, post } from '../support/http-client.ts';

describe('Accept-Encoding of a JSON-RPC call', () => {
  it.each([
    ['gzip, deflate, br', 'gzip, deflate, br'],
    ['identity', 'identity'],
    ['', ''],
    ['gzip;q=0.5, dcb, br', 'gzip;q=0.5, br'],
    ['dcb', 'identity'],
    ['*', 'identity'],
    ['gzip, *;q=0', 'gzip, *;q=0'],
    ['GZIP, compress', 'GZIP'],
    ['gzip, zstd', canUnpack('zstd') ? 'gzip, zstd' : 'gzip'],
  ])('"%s" asks for "%s"', (asked, expected) => {
    const lines = ['Accept', '*/*', 'Accept-Encoding', asked];
    expect(asksForUnreadable(asked)).toBe(asked !== expected);
    if (asked !== expected) removeUnreadable(lines);
    expect(lines).toEqual(['Accept', '*/*', 'Accept-Encoding', expected]);
  });

  it('never asks an upstream for what can not be unpacked here; any other request is left as it is', async () => {
    const upstream = await FakeUpstream.start('a', answerByLabel('a'));
    const { url } = await startApp({ primaries: [upstream] });
    const headers = { 'accept-encoding': 'gzip, dcb' };
    await post(url, '{"jsonrpc":"2.0","id":1,"method":"eth_call"}', headers);
    await http(`${url}/x`, { headers });
    expect(upstream.requests.map((request) => request.header('accept-encoding'))).toEqual([
      'gzip',
      'gzip, dcb',
    ]);
  });
});
