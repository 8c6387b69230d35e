// An answer that is kept, should nobody do better, while others are asked: when it is not told in the end, its
// upstream's connection ends with the request.
import { expect, it } from 'vitest';
import { answer, answerRpc, raw, silence } from '../support/behaviours.ts';
import { primaryAndFallback } from '../support/line-ups.ts';
import { RawClient, requestBytes } from '../support/raw-client.ts';
import { until } from '../support/waiting.ts';

const CALL = '{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}';
const { primary, fallback, daemon } = await primaryAndFallback();

/** One that does not end. */
const endless = (status: number) =>
  raw(`HTTP/1.1 ${status} Some\r\nTransfer-Encoding: chunked\r\n\r\n11170\r\n${'x'.repeat(70_000)}\r\n`);

async function ask(bytes: Buffer): Promise<RawClient> {
  const client = await RawClient.connect(daemon.port);
  client.send(bytes);
  return client;
}

async function inFlight(): Promise<number> {
  return (await daemon.stats()).reduce((sum, { connections }) => sum + connections, 0);
}

it.each([
  ['a GET', 503, requestBytes('GET /x')],
  ['a JSON-RPC call whose first answer is blamed', 503, requestBytes('POST /', [], CALL)],
  ['a JSON-RPC call whose first answer is nobody’s fault', 404, requestBytes('POST /', [], CALL)],
])('because another one is: %s', async (_, status, bytes) => {
  primary.use(endless(status));
  fallback.use(bytes.includes('GET') ? answer({ body: 'fine' }) : answerRpc({}, '0x1'));
  const client = await ask(bytes);
  expect((await client.response()).status).toBe(200);
  await until(async () => (await inFlight()) === 0, 'the end of all attempts', 1_000);
});

it.each([
  ['a GET', 503, requestBytes('GET /x')],
  ['a JSON-RPC call', 404, requestBytes('POST /', [], CALL)],
])('because the client leaves: %s', async (_, status, bytes) => {
  primary.use(endless(status));
  fallback.use(silence());
  const client = await ask(bytes);
  await until(async () => (await inFlight()) === 2, 'both attempts');
  client.leave();
  await until(async () => (await inFlight()) === 0, 'the end of all attempts', 1_000);
});

it('is told, and its client leaves', async () => {
  primary.use(endless(503));
  fallback.use(raw('nonsense\r\n\r\n'));
  const client = await ask(requestBytes('GET /x'));
  await client.head();
  client.leave();
  await until(async () => (await inFlight()) === 0, 'the end of all attempts', 1_000);
});
