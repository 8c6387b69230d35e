/** Sends a request to the client port of this process, as a client would. */

import {
  type ClientRequest,
  type IncomingMessage,
  type RequestOptions,
  request as requestHttp,
} from 'node:http';
import { request as requestHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../../clock.ts';
import { BodyChunks } from '../../http/body-chunks.ts';
import { problemOf } from '../../probes/connection.ts';
import { MAX_ANSWER_BYTES, type Received, unpacked } from './call-result.ts';

/** Where the client port listens. */
export interface OwnAddress {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
}

/** Where this machine itself reaches a port that listens at this address. */
export function ownAddress({ address, port }: AddressInfo, secure: boolean): OwnAddress {
  const loopbacks: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };
  return { host: loopbacks[address] ?? address, port, secure };
}

export interface OwnRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** From the connection to the end of the answer, in milliseconds. */
  readonly timeoutMs: number;
  /** Ends it early. */
  readonly signal: AbortSignal;
}

/** Never rejects. */
export function sendToSelf(to: OwnAddress, request: OwnRequest, clock: Clock): Promise<Received> {
  const { path, headers, body, signal } = request;
  const options: RequestOptions = {
    host: to.host,
    port: to.port,
    path,
    method: 'POST',
    headers: { ...headers, 'Content-Length': Buffer.byteLength(body) },
    // A connection of its own, which is closed after the answer.
    agent: false,
    signal,
  };
  // The certificate is for the name that clients use; it is ourselves that we ask.
  const outgoing = to.secure ? requestHttps({ ...options, rejectUnauthorized: false }) : requestHttp(options);
  const received = receive(outgoing, request.timeoutMs, clock);
  outgoing.end(body);
  return received;
}

function receive(request: ClientRequest, timeoutMs: number, clock: Clock): Promise<Received> {
  return new Promise((resolve) => {
    let response: IncomingMessage | undefined;
    const chunks = new BodyChunks();
    const finish = (problem: string | null) => {
      stopTimer();
      const received = { status: response?.statusCode ?? null, body: chunks.take(), problem };
      resolve(unpacked(received, response?.headers['content-encoding']));
      request.destroy();
    };
    const stopTimer = clock.after(timeoutMs, () => finish(`not answered within ${timeoutMs / 1_000} s`));
    request.on('error', (error) => finish(response ? 'the answer broke off' : problemOf(error)));
    request.on('response', (incoming) => {
      response = incoming;
      incoming.on('data', (chunk: Buffer) => {
        chunks.add(chunk);
        if (chunks.size > MAX_ANSWER_BYTES) finish(null);
      });
      incoming.on('end', () => finish(null));
      incoming.on('error', () => finish('the answer broke off'));
    });
  });
}
