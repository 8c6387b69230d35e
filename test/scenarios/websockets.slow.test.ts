import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { startBalancer } from '../support/daemon.ts';
import { until, within } from '../support/waiting.ts';
import { connections, Echo, none, open } from '../support/web-sockets.ts';

it('100,000 messages come back whole and in order, also to a client that reads now and then', async () => {
  const echo = await Echo.start();
  const daemon = await startBalancer({ primaries: [echo] });
  const socket = await open(daemon);
  const count = 100_000;
  let next = 0;
  const all = new Promise<void>((resolve, reject) => {
    socket.on('close', () => reject(new Error(`closed after ${next} messages`)));
    socket.on('message', (data) => {
      if (`${data}`.startsWith(`${next} `)) next += 1;
      else reject(new Error(`${`${data}`.slice(0, 20)} instead of ${next}`));
      if (next % 10_000 === 0) {
        socket.pause();
        setTimeout(() => socket.resume(), 20);
      }
      if (next === count) resolve();
    });
  });
  const payload = 'x'.repeat(80);
  for (let n = 0; n < count; n += 1) {
    socket.send(`${n} ${payload}`);
    if (n % 500 === 0) await until(() => socket.bufferedAmount < 1_000_000, 'room to send', 20_000);
  }
  await within(all, 25_000, 'all messages');
  expect(next).toBe(count);
});

it('1,000 WebSockets that come and go leave no socket behind', async () => {
  const echo = await Echo.start();
  const daemon = await startBalancer({ primaries: [echo] });
  const descriptors = () => readdirSync(`/proc/${daemon.pid}/fd`).length;
  await (await open(daemon)).terminate();
  await until(() => none(daemon), 'no attempt in flight');
  const before = process.platform === 'linux' ? descriptors() : 0;
  for (let batch = 0; batch < 20; batch += 1) {
    const sockets = await Promise.all(Array.from({ length: 50 }, () => open(daemon)));
    expect(await connections(daemon)).toBe(50);
    for (const [n, socket] of sockets.entries()) {
      if (n % 3 === 0) socket.terminate();
      else if (n % 3 === 1) socket.close(1_000);
    }
    // The last third is ended by the upstream.
    for (const client of echo.server.clients) client.close(1_000);
    await until(() => none(daemon), 'no attempt in flight');
  }
  // Handshakes are no answers.
  const numbers = { requests: 1_001, failures: 0, connections: 0, latency_ms: { p50: null } };
  expect((await daemon.stats())[0]).toMatchObject(numbers);
  if (process.platform === 'linux')
    await until(() => descriptors() <= before + 1, `${before} open files, not ${descriptors()}`);
});
