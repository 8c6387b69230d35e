// Minutes of mixed load with clients that leave and upstreams that fail in every way: afterwards the daemon
// holds what it held before. SOAK_SECONDS (300) says how long.
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import {
  answer,
  answerByLabel,
  type Behaviour,
  cutBody,
  cutChunked,
  garbage,
  refuseRate,
  resetAfterRequest,
  silence,
} from '../support/behaviours.ts';
import { type Daemon, startBalancer } from '../support/daemon.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { http } from '../support/http-client.ts';
import { openFiles, residentMb } from '../support/process-figures.ts';
import { chunked, RawClient, requestBytes } from '../support/raw-client.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { until } from '../support/waiting.ts';

const SOAK_MS = Number(process.env['SOAK_SECONDS'] ?? 300) * 1_000;
const CLIENTS = 20;
/** The first part fills caches and heaps that stay; growth is measured over the rest. */
const WARM_UP = 0.3;
/** V8 does not give back all that it has used at its peak. */
const ALLOWED_MB = 40;
const CALL = '{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber"}';
const LARGE = Buffer.alloc(300_000, 'l');

const random = seededRandom(7);
const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)];

/** How an upstream behaves, by lot: mostly well. */
function moody(label: string): Behaviour {
  const well = answerByLabel(label);
  const bad = [
    ...[cutBody('fin'), cutBody('rst'), cutBody('rst', 200_000, 100_000), cutChunked('fin'), garbage()],
    ...[refuseRate('1'), refuseRate(), resetAfterRequest(), silence(), answer({ status: 500 })],
  ];
  return {
    at: 'body',
    run(socket, request) {
      const behaviour = random() < 0.9 ? (random() < 0.1 ? answer({ body: LARGE }) : well) : pick(bad);
      if (behaviour && behaviour.at !== 'connect') behaviour.run(socket, request);
    },
  };
}

/** What a client does, by lot. Whatever comes back is right: here only what stays behind counts. */
async function act(daemon: Daemon, agent: Agent): Promise<void> {
  const lot = random();
  if (lot < 0.6) await http(daemon.url, { method: 'POST', body: CALL, agent });
  else if (lot < 0.75) await http(`${daemon.url}/x`, { agent });
  else await actRaw(daemon.port, lot);
}

async function actRaw(port: number, lot: number): Promise<void> {
  const client = await RawClient.connect(port);
  try {
    if (lot < 0.8)
      client.send(requestBytes('POST /x', ['Transfer-Encoding: chunked'], chunked(LARGE, 9_000)));
    else if (lot < 0.85) client.send(requestBytes('POST /x', ['Content-Length: 3000000'], LARGE));
    else if (lot < 0.9) client.send('GET /x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n');
    else client.send(requestBytes('POST /', [], CALL));
    await sleep(random() * 50);
    if (lot < 0.85) await client.response(35);
  } finally {
    if (random() < 0.5) client.leave();
    else client.reset();
  }
}

async function loadFor(daemon: Daemon, ms: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
  const endMs = performance.now() + ms;
  let acts = 0;
  const client = async () => {
    while (performance.now() < endMs) {
      await act(daemon, agent).catch(() => {});
      acts += 1;
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  agent.destroy();
  return acts;
}

/** Waits until the daemon holds no client and no upstream any more; its idle time to them is 4 s. */
async function settle(daemon: Daemon, filesBefore: number | undefined): Promise<void> {
  const isQuiet = async () => {
    const rows = await daemon.stats();
    const files = openFiles(daemon.pid);
    // One more for the connection that asks.
    const areClosed = files === undefined || filesBefore === undefined || files <= filesBefore + 1;
    return areClosed && rows.every(({ connections }) => connections === 0);
  };
  await until(isQuiet, 'the end of all connections', 30_000);
}

it('leaves nothing behind', async () => {
  const upstreams = await Promise.all(
    ['A', 'B', 'C'].map((label) => FakeUpstream.start(label, moody(label))),
  );
  const [first, second, third] = upstreams;
  const daemon = await startBalancer({
    primaries: [first, second].flatMap((upstream) => upstream ?? []),
    fallbacks: third ? [third] : [],
    env: {
      ERROR_TIME_TO_LIVE_MINUTES: '0.01',
      ATTEMPT_TIMEOUT: '1s',
      REQUEST_TIMEOUT: '3s',
      CLIENT_BODY_TIMEOUT: '2s',
      HEALTH_CHECK: 'tcp',
      HEALTH_CHECK_INTERVAL: '500ms',
    },
  });
  const forget = setInterval(() => {
    for (const { requests } of upstreams) requests.length = 0;
  }, 1_000);
  const files = openFiles(daemon.pid);
  await loadFor(daemon, SOAK_MS * WARM_UP);
  await settle(daemon, files);
  const before = residentMb(daemon.pid);
  const acts = await loadFor(daemon, SOAK_MS * (1 - WARM_UP));
  clearInterval(forget);
  await settle(daemon, files);
  expect(acts).toBeGreaterThan((SOAK_MS / 1_000) * 10);
  expect(residentMb(daemon.pid) - before).toBeLessThan(ALLOWED_MB);
  for (const upstream of upstreams) upstream.reset();
  await daemon.allUsable();
  expect((await http(`${daemon.url}/x`)).status).toBe(200);
  expect((await daemon.stop()).code).toBe(0);
  expect(daemon.stdout).not.toContain('A request failed by a defect');
});
