// What undici is told of the end of a connection.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { DeferredEnd } from '../../src/transport/deferred-end.ts';
import { raw } from '../support/behaviours.ts';
import { releaseAfterwards } from '../support/leftovers.ts';
import { primaryAndFallback } from '../support/line-ups.ts';
import { RawClient, requestBytes } from '../support/raw-client.ts';
import { until } from '../support/waiting.ts';

/** More than the system's buffers on the way hold. */
const LARGE = Buffer.alloc(16 * 1024 * 1024, 'l');

const { primary, daemon } = await primaryAndFallback();

/** A connected socket, the other side's, and what its reader hears. */
async function pair(): Promise<{ socket: Socket; peer: Socket; deferred: DeferredEnd; heard: string[] }> {
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A TCP server that listens has an address with a port.
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [[peer]] = await Promise.all([once(server, 'connection'), once(socket, 'connect')]);
  releaseAfterwards(() => {
    socket.destroy();
    peer.destroy();
    server.close();
  });
  const heard: string[] = [];
  const deferred = new DeferredEnd(socket);
  socket.on('readable', () => {
    const bytes: Buffer | null = socket.read();
    if (bytes) heard.push(bytes.toString());
  });
  socket.on('end', () => heard.push('end'));
  socket.on('error', (error) => heard.push('code' in error ? `${error.code}` : 'broken off'));
  socket.on('close', () => heard.push('close'));
  return { socket, peer, deferred, heard };
}

it('is held back while the reader pauses', async () => {
  const { peer, deferred, heard } = await pair();
  peer.write('all');
  await until(() => heard.length > 0, 'what was sent');
  deferred.pause();
  peer.end();
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(heard).toEqual(['all']);
  deferred.resume(() => deferred.pause());
  deferred.resume(() => heard.push('read on'));
  await until(() => heard.includes('close'), 'the close');
  expect(heard).toEqual(['all', 'read on', 'end', 'close']);
});

it('is told at once when another reader has the socket', async () => {
  const { peer, deferred, heard } = await pair();
  deferred.pause();
  deferred.detach();
  peer.end();
  await until(() => heard.includes('close'), 'the close');
  expect(heard).toEqual(['end', 'close']);
});

it.each<[string, (socket: Socket, peer: Socket) => void]>([
  ['we give up', (socket) => void socket.resetAndDestroy()],
  ['the other side resets', (_, peer) => void peer.resetAndDestroy()],
])('is an error that is no reset when %s', async (_, end) => {
  const { socket, peer, deferred, heard } = await pair();
  deferred.pause();
  end(socket, peer);
  await until(() => heard.includes('close'), 'the close');
  expect(heard).toEqual(['broken off', 'close']);
});

it.each([
  'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n',
  `HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ${LARGE.length + 1}\r\n\r\n`,
  `HTTP/1.0 200 OK\r\n\r\n`,
])('does no harm where the answer ends with it and its client does not read: %j', async (head) => {
  for (const end of ['client', 'upstream'] as const) {
    const sockets: Socket[] = [];
    primary.use({
      at: 'body',
      run(socket) {
        sockets.push(socket);
        socket.write(Buffer.concat([Buffer.from(head), LARGE]));
      },
    });
    const client = await RawClient.connect(daemon.port);
    client.socket.pause();
    client.send(requestBytes('GET /x'));
    const [upstream] = await until(() => (sockets[0]?.writableLength ? sockets : undefined), 'a standstill');
    await new Promise((resolve) => setTimeout(resolve, 200));
    if (end === 'client') client.socket.destroy();
    else upstream?.resetAndDestroy();
    await new Promise((resolve) => setTimeout(resolve, 100));
    client.leave();
  }
  primary.use(raw('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nalive'));
  const next = await RawClient.connect(daemon.port);
  next.send(requestBytes('GET /x'));
  expect([(await next.response()).text, daemon.hasExited]).toEqual(['alive', false]);
});

it('comes to a client that reads late when it has the whole answer', async () => {
  primary.use({
    at: 'body',
    run: (socket) => socket.end(Buffer.concat([Buffer.from('HTTP/1.0 200 OK\r\n\r\n'), LARGE])),
  });
  const client = await RawClient.connect(daemon.port);
  client.socket.pause();
  client.send(requestBytes('GET /x'));
  await new Promise((resolve) => setTimeout(resolve, 200));
  client.socket.resume();
  const { complete, body } = await client.response();
  expect([complete, body.length]).toEqual([true, LARGE.length]);
});
