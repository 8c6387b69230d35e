import { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { UpgradeRequest } from '../http/messages.ts';
import type { ClientRequest } from './client-request.ts';

/** The response to a request that Node's parser has let go of, and the way back to the bare connection. */
export interface Detached {
  readonly response: ServerResponse;
  /** Undefined when the request is to be answered as if it had not asked. */
  readonly upgrade: UpgradeRequest | undefined;
}

/**
 * Gives such a request a response like any other's, the last one on its connection. Node itself no longer
 * looks at the connection: that the client leaves is noticed here until another one takes it over.
 */
export function detach(request: ClientRequest, socket: Socket, head: Buffer): Detached {
  const response = new ServerResponse(request);
  // Without reading what is meant for the other protocol: only so is the end of the client's side seen.
  const look = () => {
    if (socket.readableLength === 0) socket.read();
  };
  const leave = () => socket.destroy();
  const release = () => socket.off('readable', look).off('end', leave);

  socket.setTimeout(0);
  socket.on('readable', look).on('end', leave);
  response.assignSocket(socket);
  response.shouldKeepAlive = false;
  response.once('finish', () => {
    release();
    // What the client still sends is read: closing over unread bytes could cost it the answer.
    socket.resume().end();
  });
  const takeSocket = () => {
    response.detachSocket(socket);
    return release();
  };
  const { protocols } = request;
  return { response, upgrade: protocols.length > 0 ? { protocols, head, takeSocket } : undefined };
}
