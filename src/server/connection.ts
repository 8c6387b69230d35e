/** The state of one HTTP/1.1 connection, and the rules for how it ends. */

import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../clock.ts';
import type { AnswerCode } from '../errors.ts';
import { sendBareRefusal } from './bare-refusal.ts';
import type { Pipeline } from './pipeline.ts';

export interface Connection {
  /** Responses not yet finished. */
  open: number;
  /** The response to the last request, while it is not finished. */
  latest: ServerResponse | undefined;
  /** The response that `makeLatestLast` has made the last one. */
  last: ServerResponse | undefined;
  /** How many of the open responses will never finish by themselves, because their upload is broken. */
  broken: number;
  /** Why the parser has given up on this connection; sent when the earlier responses are out. */
  bareRefusal: AnswerCode | undefined;
  /** The client has closed its side in the middle of a request. */
  clientClosed: boolean;
  /** Set once a request has arrived before the answer to an earlier one was out. */
  pipeline: Pipeline | undefined;
  /** Requests so far. */
  requests: number;
  /** The last answer of this connection has gone out. */
  isEnding: boolean;
  /** Starts an upgrade request, when all responses before it are over. */
  pendingUpgrade: (() => void) | undefined;
}

/** The state of a connection on which nothing has arrived yet. */
export function newConnection(): Connection {
  return {
    open: 0,
    latest: undefined,
    last: undefined,
    broken: 0,
    bareRefusal: undefined,
    clientClosed: false,
    pipeline: undefined,
    requests: 0,
    isEnding: false,
    pendingUpgrade: undefined,
  };
}

/** Whether the parser has given up within this request's body: its upload never ends. */
function isBroken(latest: ServerResponse | undefined): latest is ServerResponse {
  return latest !== undefined && !latest.req.complete;
}

/**
 * Calls `act` for a request whose headers are overdue. While the connection is paused the client is not at fault:
 * the headers then get `limitMs` from when it is read again.
 */
export function onceOverdue(connection: Connection, clock: Clock, limitMs: number, act: () => void): void {
  const { pipeline, requests } = connection;
  if (!pipeline?.isPaused) {
    act();
    return;
  }
  const actIfStill = () => {
    if (connection.requests === requests) act();
  };
  pipeline.onResume = () => clock.after(limitMs, actIfStill);
}

/** Whether this response has begun and its connection ends with it. */
export function isLast(response: ServerResponse | undefined): boolean {
  return response?.headersSent === true && !response.shouldKeepAlive;
}

/**
 * Makes Node send `Connection: close` with the latest response, unless that has begun, and close after it. One that was
 * made the last before then is no longer: what came after it is served, and must be answered.
 */
export function makeLatestLast(connection: Connection): void {
  const { latest, last } = connection;
  if (latest === last) return;
  if (last && !last.headersSent) last.shouldKeepAlive = true;
  // What the client itself has asked for stays.
  const isOurs = latest?.headersSent === false && latest.shouldKeepAlive;
  connection.last = isOurs ? latest : undefined;
  if (isOurs) latest.shouldKeepAlive = false;
}

/** Ends a connection whose client has closed within a request, after the answers to its earlier requests. */
export function endAfterAnswers(connection: Connection, socket: Socket): void {
  if (isBroken(connection.latest)) connection.broken = 1;
  connection.clientClosed = true;
  if (connection.open <= connection.broken) socket.destroy();
}

/** The parser can't go on. Pipelined requests before this one must still get their answers first. */
export function refuse(connection: Connection, socket: Socket, code: AnswerCode, clock: Clock): void {
  if (connection.bareRefusal) return;
  connection.bareRefusal = code;
  const { latest } = connection;
  if (isBroken(latest)) {
    if (latest.headersSent) {
      // Its answer is already on its way, and is framed, except to an HTTP/1.0 client.
      if (latest.req.httpVersionMinor > 0) socket.destroySoon();
      else socket.destroy();
      return;
    }
    connection.broken = 1;
  }
  if (connection.open <= connection.broken) sendBareRefusal(socket, code, clock);
}

/** Closes those of these connections on which no request is open. */
export function closeIdle(
  connections: ReadonlyMap<Socket, Connection>,
  which: (connection: Connection) => boolean,
): void {
  for (const [socket, connection] of connections) {
    if (connection.open === 0 && which(connection)) socket.destroySoon();
  }
}
