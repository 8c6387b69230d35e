/** The response to an upgrade request, and the way to take over its connection. */

import { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { UpgradeRequest } from '../http/messages.ts';
import type { ClientRequest } from './client-request.ts';

export interface UpgradeExchange {
  readonly response: ServerResponse;
  /** Undefined when the request is to be answered as if it had not asked for another protocol. */
  readonly upgrade: UpgradeRequest | undefined;
}

/**
 * The response is like any other, and the last one on its connection. Node's parser has handed over the connection:
 * until `takeSocket` is called, it is noticed here when the client leaves.
 */
export function createUpgradeResponse(request: ClientRequest, socket: Socket, head: Buffer): UpgradeExchange {
  const response = new ServerResponse(request);
  // Sees the end of the client's side, without consuming what is meant for the other protocol.
  const readEnd = () => {
    if (socket.readableLength === 0) socket.read();
  };
  const onEnd = () => socket.destroy();
  const release = () => socket.off('readable', readEnd).off('end', onEnd);

  socket.setTimeout(0);
  socket.on('readable', readEnd).on('end', onEnd);
  response.assignSocket(socket);
  response.shouldKeepAlive = false;
  response.once('finish', () => {
    release();
    // What the client still sends is read: closing with unread bytes could destroy the answer.
    socket.resume().end();
  });
  const takeSocket = () => {
    response.detachSocket(socket);
    return release();
  };
  const { protocols } = request;
  return { response, upgrade: protocols.length > 0 ? { protocols, head, takeSocket } : undefined };
}
