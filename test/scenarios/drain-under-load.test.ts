// A rolling update: the end of the process under load costs no request that finishes in time.
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { answerByLabel, type Behaviour } from '../support/behaviours.ts';
import { startBalancer } from '../support/daemon.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { http } from '../support/http-client.ts';
import { RawClient, requestBytes } from '../support/raw-client.ts';
import { EventStream } from '../support/streams.ts';
import { within } from '../support/waiting.ts';

const RATE = 500;
const CALL = '{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber"}';

/** Answers after a moment, so that many are under way at once. */
function slowly(ms: number): Behaviour {
  const byLabel = answerByLabel('A');
  return {
    at: 'body',
    run: (socket, request) =>
      void setTimeout(() => byLabel.at !== 'connect' && byLabel.run(socket, request), ms),
  };
}

/** One call; notes what went wrong with it. */
async function call(url: string, agent: Agent, lost: string[]): Promise<void> {
  try {
    const response = await http(url, { method: 'POST', body: CALL, agent });
    if (response.status !== 200) lost.push(`${response.status}`);
  } catch (error) {
    lost.push(`${error}`);
  }
}

it('SIGTERM under 500 requests a second, with streams open, loses nothing', async () => {
  const upstream = await FakeUpstream.start('A', slowly(200));
  const events = Array.from({ length: 5 }, () => new EventStream());
  const daemon = await startBalancer({
    primaries: [upstream],
    env: { SHUTDOWN_TIMEOUT: '10s', SHUTDOWN_DELAY: '2s' },
  });
  const streams: RawClient[] = [];
  upstream.next(...events.map(({ behaviour }) => behaviour));
  for (const stream of events) {
    const client = await RawClient.connect(daemon.port);
    client.send(requestBytes('GET /events'));
    await stream.push('first');
    await client.head();
    streams.push(client);
  }
  const lost: string[] = [];
  const agent = new Agent({ keepAlive: false });
  const calls: Promise<void>[] = [];
  const startMs = performance.now();
  let isReady = true;
  let signalled = false;
  // As a router does: it goes on until it notices that the process is no longer ready.
  while (isReady) {
    const due = ((performance.now() - startMs) * RATE) / 1_000;
    while (calls.length < due) calls.push(call(daemon.url, agent, lost));
    if (!signalled && performance.now() - startMs > 1_000) {
      signalled = true;
      daemon.signal('SIGTERM');
    }
    if (signalled) isReady = (await http(`${daemon.url}/readyz`)).status === 200;
    await sleep(2);
  }
  await Promise.all(calls);
  await daemon.closed();
  for (const stream of events) {
    await stream.push('last');
    await stream.end();
  }
  for (const client of streams) {
    const response = await client.response();
    expect([response.complete, response.text]).toEqual([true, 'data: first\n\ndata: last\n\n']);
  }
  expect((await within(daemon.exited, 10_000, 'the end')).code).toBe(0);
  expect(lost).toEqual([]);
  expect(calls.length).toBeGreaterThan(RATE * 0.9);
});
