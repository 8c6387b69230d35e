// An upstream that costs as little as can be: it reads the length of each request and writes the same answer.
// Usage: node upstream.mjs PORT [BYTES OF THE ANSWER], as a child with an IPC channel.
import { createServer } from 'node:net';
import { ANSWER, answerOf } from './question.mjs';

const HEAD_END = Buffer.from('\r\n\r\n');
const body = process.argv[3] === undefined ? ANSWER : answerOf(Number(process.argv[3]));
const answer = Buffer.from(
  `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
);

/** The length of the first request in these bytes; undefined while it is incomplete. */
function requestLength(bytes) {
  const headEnd = bytes.indexOf(HEAD_END);
  if (headEnd < 0) return undefined;
  // The daemon asks for its health, too.
  if (bytes.latin1Slice(0, 4) === 'GET ') return headEnd + 4;
  const length = headEnd + 4 + Number(/\r\ncontent-length: *(\d+)/i.exec(bytes.latin1Slice(0, headEnd))?.[1]);
  // Every proxy here passes Content-Length on. A chunked body would be taken for the next request.
  if (Number.isNaN(length)) throw new Error('a request without Content-Length');
  return length <= bytes.length ? length : undefined;
}

const server = createServer({ noDelay: true }, (socket) => {
  let rest;
  socket.on('data', (chunk) => {
    rest = rest === undefined ? chunk : Buffer.concat([rest, chunk]);
    for (let length = requestLength(rest); length !== undefined; length = requestLength(rest)) {
      socket.write(answer);
      rest = rest.subarray(length);
      if (rest.length === 0) break;
    }
    if (rest.length === 0) rest = undefined;
  });
  // A proxy may drop an idle connection as it likes.
  socket.on('error', () => {});
});
server.listen(Number(process.argv[2]), '127.0.0.1');
process.once('disconnect', () => process.exit());
