import type { ServerResponse } from 'node:http';
import type { Clock } from '../clock.ts';
import type { AnswerCode } from '../errors.ts';
import type { Pipeline } from './pipeline.ts';

/** What is known of a connection that speaks HTTP/1.1. */
export interface Connection {
  /** Responses not yet finished. */
  open: number;
  /** That of the last request, while it is not finished. */
  latest: ServerResponse | undefined;
  /** How many of them will never finish by themselves: their upload is broken. */
  broken: number;
  /** The parser has given up on this connection; said when the earlier responses are out. */
  bareRefusal: AnswerCode | undefined;
  /** The client has closed its side in mid-request. */
  left: boolean;
  /** Once a request has come before the answer to an earlier one was out. */
  pipeline: Pipeline | undefined;
  /** Requests so far. */
  requests: number;
  /** An answer has gone out that is the last one. */
  isEnding: boolean;
  /** An upgrade request that begins when all responses before it are over. */
  upcoming: (() => void) | undefined;
}

/** Of one on which nothing has come yet. */
export function newConnection(): Connection {
  return {
    open: 0,
    latest: undefined,
    broken: 0,
    bareRefusal: undefined,
    left: false,
    pipeline: undefined,
    requests: 0,
    isEnding: false,
    upcoming: undefined,
  };
}

/** A request whose own body the parser gave up: its upload never ends. */
export function isBroken(latest: ServerResponse | undefined): latest is ServerResponse {
  return latest !== undefined && !latest.req.complete;
}

/**
 * A request's head is overdue: `act`s on it. Where the connection was not read, that is not the client's doing, and
 * the head has `limitMs` from when it is read again.
 */
export function onceOverdue(connection: Connection, clock: Clock, limitMs: number, act: () => void): void {
  const { pipeline, requests } = connection;
  if (!pipeline?.isHeld) {
    act();
    return;
  }
  const actIfStill = () => {
    if (connection.requests === requests) act();
  };
  pipeline.whenRead = () => clock.after(limitMs, actIfStill);
}

/** Whether the connection ends with this response, which has begun. */
export function isLast(response: ServerResponse | undefined): boolean {
  return response?.headersSent === true && !response.shouldKeepAlive;
}

/** Node then writes `Connection: close` and closes after this response. */
export function forbidReuse(response: ServerResponse | undefined): void {
  if (response && !response.headersSent) response.shouldKeepAlive = false;
}
