// A rolling update: the end of the process under load costs no request that finishes in time.
import { Agent } from 'node:http';
import { expect, it } from 'vitest';
import { answerByLabel, delayed } from '../support/behaviours.ts';
import { startBalancer } from '../support/daemon.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { http } from '../support/http-client.ts';
import { RawClient, requestBytes } from '../support/raw-client.ts';
import { EventStream } from '../support/streams.ts';
import { until, within } from '../support/waiting.ts';

/** With an answer after 200 ms, 500 requests a second where the machine has the time for them. */
const CLIENTS = 100;
const BEFORE = 500;
const CALL = '{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber"}';

/** One call; notes what went wrong with it. */
async function call(url: string, agent: Agent, lost: string[]): Promise<void> {
  try {
    const response = await http(url, { method: 'POST', body: CALL, agent });
    if (response.status !== 200) lost.push(`${response.status}`);
  } catch (error) {
    lost.push(`${error}`);
  }
}

it('SIGTERM under load, with streams open, loses nothing', async () => {
  const upstream = await FakeUpstream.start('A', delayed(200, answerByLabel('A')));
  const events = Array.from({ length: 5 }, () => new EventStream());
  const daemon = await startBalancer({
    primaries: [upstream],
    env: { SHUTDOWN_TIMEOUT: '1m', SHUTDOWN_DELAY: '5s', ATTEMPT_TIMEOUT: '1h' },
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
  let isReady = true;
  let answered = 0;
  const client = async () => {
    for (; isReady; answered++) await call(daemon.url, agent, lost);
  };
  const clients = Promise.all(Array.from({ length: CLIENTS }, client));
  await until(() => answered >= BEFORE, 'steady load');
  daemon.signal('SIGTERM');
  // As a router does: it goes on until it notices that the process is no longer ready.
  await until(async () => (await http(`${daemon.url}/readyz`)).status !== 200, 'the end of readiness');
  isReady = false;
  await clients;
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
});
