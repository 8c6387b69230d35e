// Bodies cut so small that reading what has arrived of one would keep all others waiting.
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { expect, it } from 'vitest';
import { createPlainServer } from '../../src/server/plain.ts';
import { releaseAfterwards } from '../support/leftovers.ts';

const PIECES = 150_000;

it('takes a few thousand pieces before others have their turn, and all of them in the end', async () => {
  const server = createPlainServer({}).listen(0, '127.0.0.1');
  releaseAfterwards(() => void server.close());
  await once(server, 'listening');
  let received = 0;
  let ofTurn = 0;
  let most = 0;
  const ended = new Promise<void>((resolve) =>
    server.on('request', (request, response) => {
      request.on('data', (piece: Buffer) => {
        if (ofTurn === 0) {
          setImmediate(() => {
            most = Math.max(most, ofTurn);
            ofTurn = 0;
          });
        }
        ofTurn += 1;
        received += piece.length;
      });
      request.on('end', () => response.end(resolve));
    }),
  );
  // A server that listens on TCP has an address with a port.
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  releaseAfterwards(() => client.destroy());
  client.write(
    `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(PIECES)}`,
  );
  client.write('0\r\n\r\n');
  await ended;
  expect(received).toBe(PIECES);
  // One read of 64 kB is parsed to its end.
  expect(most).toBeLessThan(15_000);
});
