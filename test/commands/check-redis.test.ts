// --check: what it says of Redis. A real one is asked in test/sharing/redis.
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, it } from 'vitest';
import { FakeUpstream, releasedPort } from '../support/fake-upstream.ts';
import { releaseAfterwards } from '../support/leftovers.ts';
import { check, checkJson, ethereumNode } from './checking.ts';

/** Answers each command with what `answers` has for its name, else with OK. */
async function redisThat(answers: Readonly<Record<string, string>>) {
  const asked: string[] = [];
  const server = createServer((socket) => {
    // Who has heard enough leaves in the midst of it.
    socket.on('error', () => {});
    socket.on('data', (data) => {
      for (const [, name = ''] of data.toString().matchAll(/\*\d+\r\n\$\d+\r\n([a-z]+)\r\n/gi)) {
        asked.push(name.toUpperCase());
        socket.write(`${answers[name.toUpperCase()] ?? '+OK'}\r\n`);
      }
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  releaseAfterwards(() => server.close());
  // A TCP server that listens has an address with a port.
  return { port: (server.address() as AddressInfo).port, asked };
}

const WORKING = {
  SUBSCRIBE: '*3\r\n$9\r\nsubscribe\r\n$12\r\nrpc-lb:facts\r\n:1',
  TIME: '*2\r\n$1\r\n1\r\n$1\r\n0',
  HLEN: ':0',
};

async function flagsWith(port: number) {
  const upstream = await FakeUpstream.start('a', ethereumNode());
  return [`--backends=${upstream.url}`, `--redis-url=redis://:secretWord@127.0.0.1:${port}`];
}

it('a Redis that answers is told, and nothing is written to it', async () => {
  const { port, asked } = await redisThat(WORKING);
  const { code, text } = await check(await flagsWith(port));
  expect([code, text]).toEqual([0, expect.stringContaining(`Redis\n  redis://127.0.0.1:${port}  answers\n`)]);
  expect(text).not.toContain('secretWord');
  expect(asked.filter((name) => !['AUTH', 'CLIENT', 'SUBSCRIBE', 'TIME', 'HLEN'].includes(name))).toEqual([]);
});

it.each([
  ['SUBSCRIBE', '-NOPERM this user has no permissions', 'the user of REDIS_URL is not permitted to (NOPERM)'],
  ['HLEN', '-WRONGTYPE of value', 'a key of ours holds data of another type (WRONGTYPE)'],
  ['AUTH', '-WRONGPASS invalid pair', 'it refuses the user and password (WRONGPASS)'],
])('why %s is refused is told, and the status is 0', async (name, answer, problem) => {
  const { port } = await redisThat({ ...WORKING, [name]: answer });
  const { code, document } = await checkJson(await flagsWith(port));
  expect([code, document.redis]).toEqual([0, { url: `redis://127.0.0.1:${port}`, problem }]);
});

it('a Redis that is gone is told, and the status is 0', async () => {
  const { code, text } = await check(await flagsWith(await releasedPort()));
  expect([code, text]).toEqual([0, expect.stringContaining('does not work: no connection (ECONNREFUSED)')]);
});

it('nothing is said of Redis without REDIS_URL', async () => {
  const upstream = await FakeUpstream.start('a', ethereumNode());
  const { document } = await checkJson([`--backends=${upstream.url}`]);
  expect(document.redis).toBeNull();
});
