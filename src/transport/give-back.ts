/** What becomes of a connection after an answer that ended in step. */
import type { AnswerBuffer } from './answer-buffer.ts';
import type { Connection, ConnectionPool } from './connections.ts';
import type { Outgoing } from './outgoing.ts';

/**
 * Gives a connection back. One that carries a login serves no other client's connection any more; where the client
 * speaks HTTP/2 it is closed, since there one connection has the requests of many, and such logins don't exist
 * (RFC 9113 leaves them to HTTP/1.1).
 */
export function giveBack(
  connection: Connection,
  pool: ConnectionPool,
  { clientSocket, sharesClientSocket, logsIn }: Outgoing,
  answer: AnswerBuffer,
): void {
  if (!logsIn && !answer.logsIn) pool.release(connection);
  else if (!clientSocket || sharesClientSocket) pool.discard(connection);
  else {
    connection.owner = clientSocket;
    pool.release(connection);
  }
}
