// The sample upstream refuses a body above 1 MB while it comes, closes, and leaves the rest unread.
import { beforeAll, expect, it } from 'vitest';
import { startSample } from '../examples/processes.ts';
import { type Daemon, startBalancer } from '../support/daemon.ts';
import { chunked, rawRequest, requestBytes } from '../support/raw-client.ts';

const TIMES = 50;
const BODY = Buffer.alloc(3_000_000, 'upload ');

let daemon: Daemon;

beforeAll(async () => {
  daemon = await startBalancer({ primaries: [await startSample()] });
});

it.each([
  ['with its length', requestBytes('POST /x', [], BODY)],
  ['in chunks', requestBytes('POST /x', ['Transfer-Encoding: chunked'], chunked(BODY, 60_000))],
])(`its refusal reaches the client, ${TIMES} times of ${TIMES}, of a body %s`, async (_, bytes) => {
  const answers = new Set<string>();
  for (let n = 0; n < TIMES; n++) {
    const { status, text } = await rawRequest(daemon.port, bytes);
    answers.add(`${status} ${text}`);
  }
  expect([...answers]).toEqual(['413 The body is too large\n']);
});
