// What a socket that can't be written any more still gives its reader.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { DeferredWriteError } from '../../src/transport/deferred-write-error.ts';
import { releaseAfterwards } from '../support/leftovers.ts';
import { within } from '../support/waiting.ts';

/** A connected socket that reads nothing yet, and the other side's. */
async function pair(): Promise<{ socket: Socket; peer: Socket; deferredWriteError: DeferredWriteError }> {
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A TCP server that listens has an address with a port.
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').pause();
  const [[peer]] = await Promise.all([once(server, 'connection'), once(socket, 'connect')]);
  peer.on('error', () => {});
  releaseAfterwards(() => {
    socket.destroy();
    peer.destroy();
    server.close();
  });
  return { socket, peer, deferredWriteError: new DeferredWriteError(socket) };
}

/** All that the socket gives, and how it ends. */
function read(socket: Socket): Promise<[text: string, end: string]> {
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  const end = new Promise<string>((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
    socket.once('close', () => resolve('end'));
  });
  socket.resume();
  return within(
    end.then((how) => [text, how]),
    5_000,
    'the end',
  );
}

/** Writes what can't arrive any more; tells whether the write was said to be over. */
async function writeInVain(socket: Socket): Promise<boolean> {
  let isOver = false;
  socket.write('in vain', () => {
    isOver = true;
  });
  await new Promise(setImmediate);
  return isOver;
}

describe('after a reset', () => {
  it('what had come in is read, then the reset comes to light', async () => {
    const { socket, peer, deferredWriteError } = await pair();
    peer.write('answer');
    peer.resetAndDestroy();
    expect([await writeInVain(socket), socket.destroyed, deferredWriteError.happened]).toEqual([
      false,
      false,
      true,
    ]);
    expect(await read(socket)).toEqual(['answer', 'ECONNRESET']);
  });

  it('that followed an end in good order what had come in is read, and that end', async () => {
    const { socket, peer, deferredWriteError } = await pair();
    peer.end('answer');
    await once(peer, 'finish');
    peer.resetAndDestroy();
    expect([await writeInVain(socket), deferredWriteError.happened]).toEqual([false, true]);
    socket.once('end', () => socket.destroy());
    expect(await read(socket)).toEqual(['answer', 'end']);
  });

  it('no more is taken than a buffer full', async () => {
    const { socket, peer } = await pair();
    peer.resetAndDestroy();
    await writeInVain(socket);
    expect(socket.write(Buffer.alloc(socket.writableHighWaterMark))).toBe(false);
    expect(socket.writableLength).toBeGreaterThan(socket.writableHighWaterMark);
  });
});

describe('without one', () => {
  it('writes come to their end, one by one and several at once', async () => {
    const { socket, peer, deferredWriteError } = await pair();
    const received: Buffer[] = [];
    peer.on('data', (chunk) => received.push(chunk)).resume();
    await new Promise((resolve) => socket.write('one ', resolve));
    socket.cork();
    socket.write('two ');
    const written = new Promise((resolve) => socket.write('three', resolve));
    socket.uncork();
    await written;
    socket.end();
    await once(peer, 'end');
    expect([Buffer.concat(received).toString(), deferredWriteError.happened]).toEqual([
      'one two three',
      false,
    ]);
  });

  it('a write that our own end cuts off has failed, too', async () => {
    const { socket, deferredWriteError } = await pair();
    socket.write(Buffer.alloc(20_000_000));
    expect(socket.writableLength).toBeGreaterThan(0);
    socket.destroy();
    await once(socket, 'close');
    expect(deferredWriteError.happened).toBe(true);
  });
});
