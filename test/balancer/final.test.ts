// Which upstream gets a body that is too large to keep: the first that takes a byte of it is final.
import { describe, expect, it } from 'vitest';
import { startApp } from '../support/app.ts';
import { type Behaviour, earlyAnswer, refuseRate, resetAfterRequest } from '../support/behaviours.ts';
import { FakeUpstream, releasedPort } from '../support/fake-upstream.ts';
import { chunked, RawClient, requestBytes } from '../support/raw-client.ts';

const FLAGS = ['--max-replay-body=1kb', '--strategy=round-robin'];
const BODY = Buffer.alloc(200_000, 'upload ');

async function uploaded(behaviour: Behaviour, bytes: Buffer) {
  const first = await FakeUpstream.start('first', behaviour);
  const second = await FakeUpstream.start('second');
  const app = await startApp({ primaries: [first], fallbacks: [second], flags: FLAGS });
  const client = await RawClient.connect(app.port);
  client.send(bytes);
  return { first, second, response: await client.response() };
}

const ways: [string, Buffer][] = [
  ['with a length', requestBytes('POST /x', [], BODY)],
  ['in chunks', requestBytes('POST /x', ['Transfer-Encoding: chunked'], chunked(BODY, 900))],
];

describe('a large upload', () => {
  it.each(ways)('%s goes whole to the next upstream when the first can not be reached', async (_, bytes) => {
    const second = await FakeUpstream.start('second');
    const dead = `http://127.0.0.1:${await releasedPort()}`;
    const app = await startApp({ primaries: [dead], fallbacks: [second], flags: FLAGS });
    const client = await RawClient.connect(app.port);
    client.send(bytes);
    expect((await client.response()).text).toBe('second');
    expect(second.requests[0]?.body.equals(BODY)).toBe(true);
  });

  it.each(ways)('%s ends with the upstream that took it, also when it was rate-limited', async (_, bytes) => {
    const { first, second, response } = await uploaded(refuseRate('7'), bytes);
    expect([response.status, JSON.parse(response.text).code]).toEqual([429, 'RATE_LIMITED']);
    expect([first.requests.length, second.requests.length]).toEqual([1, 0]);
  });

  it.each(ways)('%s ends with the upstream that broke off', async (_, bytes) => {
    const { second, response } = await uploaded(resetAfterRequest(), bytes);
    expect([response.status, JSON.parse(response.text).code]).toEqual([502, 'ALL_UPSTREAMS_FAILED']);
    expect(second.requests).toHaveLength(0);
  });

  it.each(ways)('%s that is answered early gives the client that answer, not a reset', async (_, bytes) => {
    const { second, response } = await uploaded(earlyAnswer({ status: 403, body: 'no' }), bytes);
    expect([response.status, response.text, response.complete]).toEqual([403, 'no', true]);
    expect(second.requests).toHaveLength(0);
  });
});
