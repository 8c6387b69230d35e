// WebSockets as real libraries speak them, through the daemon.
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { answer } from '../support/behaviours.ts';
import { startBalancer } from '../support/daemon.ts';
import { FakeUpstream, releasedPort } from '../support/fake-upstream.ts';
import { until, within } from '../support/waiting.ts';
import { Echo, open } from '../support/web-sockets.ts';

async function closeCode(socket: WebSocket): Promise<number> {
  const [code] = await within(once(socket, 'close'), 5_000, 'the close of a WebSocket');
  return code;
}

it('a WebSocket opens at the next upstream when the first ones are dead, sick or full', async () => {
  const [sick, full, echo] = [await FakeUpstream.start(), await FakeUpstream.start(), await Echo.start()];
  sick.use(answer({ status: 503 }));
  full.use(answer({ status: 429 }));
  const dead = `http://127.0.0.1:${await releasedPort()}`;
  const daemon = await startBalancer({ primaries: [dead, sick, full], fallbacks: [echo] });
  const socket = await open(daemon, '/any?thing=1');
  socket.send('hello');
  const [data, isBinary] = await once(socket, 'message');
  expect([`${data}`, isBinary]).toEqual(['hello', false]);
  expect((await daemon.stats()).map(({ failures }) => failures)).toEqual([1, 1, 1, 0]);
  socket.close(4_321, 'enough');
  expect(await closeCode(socket)).toBe(4_321);
  await until(() => echo.codes.length > 0, 'the close at the upstream');
  expect(echo.codes).toEqual([4_321]);
});

it('a client hears of the refusal of an upstream, with its body', async () => {
  const upstream = await FakeUpstream.start();
  upstream.use(answer({ status: 403, body: 'no such key' }));
  const daemon = await startBalancer({ primaries: [upstream] });
  const socket = new WebSocket(`ws://127.0.0.1:${daemon.port}/`);
  socket.on('error', () => {});
  const [, response] = await once(socket, 'unexpected-response');
  let text = '';
  for await (const chunk of response) text += chunk;
  expect([response.statusCode, text]).toEqual([403, 'no such key']);
});

it.each(['SIGTERM', 'SIGINT'] as const)(
  'at %s both sides hear 1001, and the process ends with status 0',
  async (signal) => {
    const echo = await Echo.start();
    const daemon = await startBalancer({ primaries: [echo] });
    const sockets = [await open(daemon), await open(daemon), await open(daemon)];
    const codes = Promise.all(sockets.map(closeCode));
    daemon.signal(signal);
    expect(await codes).toEqual([1_001, 1_001, 1_001]);
    expect(await within(daemon.exited, 5_000, 'the end')).toEqual({ code: 0, signal: null });
    await until(() => echo.codes.length === 3, 'the closes at the upstream');
    expect(echo.codes).toEqual([1_001, 1_001, 1_001]);
    expect(daemon.stderr).toBe('');
  },
);

it('WebSockets go on during SHUTDOWN_DELAY', async () => {
  const echo = await Echo.start();
  const daemon = await startBalancer({ primaries: [echo], env: { SHUTDOWN_DELAY: '4s' } });
  const socket = await open(daemon);
  daemon.signal('SIGTERM');
  await daemon.logged(({ msg }) => msg === 'Draining', 'Draining');
  const late = await open(daemon);
  late.send('still here');
  expect(`${(await once(late, 'message'))[0]}`).toBe('still here');
  expect(await Promise.all([closeCode(socket), closeCode(late)])).toEqual([1_001, 1_001]);
});
