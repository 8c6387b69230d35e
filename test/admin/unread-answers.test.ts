// Large answers that their clients don't read.
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, it } from 'vitest';
import { UnreadAnswers } from '../../src/admin/unread-answers.ts';
import { releaseAfterwards } from '../support/leftovers.ts';
import { until } from '../support/waiting.ts';

const MEGABYTE = 1024 * 1024;

it('end the oldest ones beyond the limit, where what is shared counts once', async () => {
  const unread = new UnreadAnswers(40 * MEGABYTE);
  const shared = Buffer.alloc(16 * MEGABYTE);
  const ended: number[] = [];
  let asked = 0;
  const server = createServer((_, response) => {
    const number = asked;
    asked += 1;
    const piece = number < 3 ? shared : Buffer.alloc(16 * MEGABYTE);
    response.once('close', () => ended.push(number));
    response.write(piece);
    response.end();
    unread.add(response, { status: 200, type: 'text/plain', body: [piece] });
  });
  releaseAfterwards(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A TCP server that listens has an address of this form.
  const { port } = server.address() as AddressInfo;
  for (let i = 0; i < 5; i++) {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {}).pause();
    releaseAfterwards(() => socket.destroy());
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await until(() => asked === i + 1, 'the request');
  }
  await until(() => ended.length === 3, 'the ends');
  expect(ended.sort()).toEqual([0, 1, 2]);
});
