// Thousands of clients that are connected and say nothing.
import { execFileSync } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { fittingConnections } from '../../src/network/shortage.ts';
import { startBalancer } from '../support/daemon.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { releaseAfterwards } from '../support/leftovers.ts';
import { load } from '../support/load.ts';
import { residentMb } from '../support/process-figures.ts';

const WANTED = 10_000;

/** As many as the system lets one process open: the daemon has the same limit as this one. */
function possible(): number {
  const limit = execFileSync('sh', ['-c', 'ulimit -n']).toString().trim();
  return fittingConnections(WANTED, limit === 'unlimited' ? undefined : Number(limit));
}

async function idle(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.write('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n');
  await new Promise((resolve, reject) => socket.once('data', resolve).once('error', reject));
  return socket;
}

function p99(latenciesMs: readonly number[]): number {
  const sorted = latenciesMs.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length * 0.99)] ?? 0;
}

it(`${possible()} idle connections do not slow the others`, async () => {
  const upstream = await FakeUpstream.start();
  const daemon = await startBalancer({ primaries: [upstream], env: { MAX_CONNECTIONS: '20000' } });
  const plan = { url: daemon.url, durationMs: 5_000, ratePerSecond: 100, expected: 'A' };
  await load({ ...plan, durationMs: 2_000 });
  const alone = await load(plan);
  const before = residentMb(daemon.pid);
  const sockets: Socket[] = [];
  releaseAfterwards(() => sockets.map((socket) => socket.destroy()));
  while (sockets.length < possible()) {
    const batch = Math.min(200, possible() - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: batch }, () => idle(daemon.port)))));
  }
  // A slow machine is slow in both; a scan of all connections for each request would show as a multiple, each time.
  let beside = Number.POSITIVE_INFINITY;
  const bound = Math.max(50, 5 * p99(alone.latenciesMs));
  for (let round = 0; round < 5 && beside >= bound; round++) {
    const report = await load(plan);
    expect(report).toMatchObject({ good: 500, bad: 0, errors: 0 });
    beside = p99(report.latenciesMs);
  }
  expect(beside).toBeLessThan(bound);
  const kbEach = ((residentMb(daemon.pid) - before) * 1_024) / sockets.length;
  expect(kbEach).toBeLessThan(30);
  expect(sockets.every(({ destroyed }) => !destroyed)).toBe(true);
});
