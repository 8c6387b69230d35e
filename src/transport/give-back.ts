import type { Exchange } from '../balancer/exchange.ts';
import { isHttp2 } from '../http/messages.ts';
import type { AnswerBuffer } from './answer-buffer.ts';
import type { Connection, ConnectionPool } from './connections.ts';

/**
 * Gives a connection back after an answer that ended in step. One that carries a login serves no other client's
 * connection any more; where the client speaks HTTP/2 it is closed, since there one connection has the requests of
 * many, and such logins don't exist (RFC 9113 leaves them to HTTP/1.1).
 */
export function giveBack(
  connection: Connection,
  pool: ConnectionPool,
  { request, headers }: Exchange,
  { logsIn }: AnswerBuffer,
): void {
  if (!logsIn && !headers.logsIn) pool.release(connection);
  else if (isHttp2(request)) pool.discard(connection);
  else {
    connection.owner = request.socket;
    pool.release(connection);
  }
}
