// How sockets find the host of Redis.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { expect, it } from 'vitest';
import { lookUpForSockets } from '../../../src/sharing/redis/socket-look-up.ts';

const found =
  (...addresses: string[]) =>
  async () => ({ addresses, ttlMs: 1_000 });
const signal = new AbortController().signal;

it.each([true, false])('a socket connects by it, with or without a race of addresses: %s', async (race) => {
  const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A TCP server that listens has an address with a port.
  const { port } = server.address() as AddressInfo;
  const lookup = lookUpForSockets(found('127.0.0.1', '::1'), signal);
  const socket = connect({ host: 'redis.test', port, lookup, autoSelectFamily: race });
  await once(socket, 'connect');
  expect(socket.remoteAddress).toBe('127.0.0.1');
  socket.destroy();
  server.close();
});

it('a socket fails with the code of a look-up that fails', async () => {
  const failing = () => Promise.reject(Object.assign(new Error('x'), { code: 'ENOTFOUND' }));
  const socket = connect({ host: 'redis.test', port: 1, lookup: lookUpForSockets(failing, signal) });
  expect(await new Promise((resolve) => socket.on('error', resolve))).toMatchObject({ code: 'ENOTFOUND' });
});
