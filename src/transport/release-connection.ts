/** Decides what becomes of a connection after a complete answer. */

import type { AnswerBuffer } from './answer-buffer.ts';
import type { Connection, ConnectionPool } from './connections.ts';
import type { Outgoing } from './outgoing.ts';

/**
 * Returns a connection to its pool. After a login it serves only the same client connection; if that one speaks HTTP/2
 * it is closed, since an HTTP/2 connection carries the requests of several clients, and such logins don't exist there
 * (RFC 9113 leaves them to HTTP/1.1).
 */
export function releaseConnection(
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
