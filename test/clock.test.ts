// The one clock that is not moved by tests.
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { systemClock } from '../src/clock.ts';

/** The two ends of a connection. */
async function connected(): Promise<[Socket, Socket]> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const here = connect(typeof address === 'object' && address ? address.port : 0, '127.0.0.1');
  const [there] = await once(server, 'connection');
  server.close();
  return [here, there];
}

function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

it('what arrived while the process stood still is seen before a time-out', async () => {
  const [here, there] = await connected();
  const seen: string[] = [];
  const cancel = systemClock.after(20, () => seen.push('time-out'));
  here.on('data', () => {
    seen.push('data');
    cancel();
  });
  there.write('x');
  standStill(60);
  await new Promise((resolve) => setTimeout(resolve, 30));
  here.destroy();
  expect(seen).toEqual(['data']);
});

it('calls once when the time is over', async () => {
  await new Promise<void>((resolve) => systemClock.after(1, resolve));
});
