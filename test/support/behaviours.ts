import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { itemSources, memberSources } from './json-source.ts';
import type { RecordedRequest } from './recorded-request.ts';

/** What a fake upstream does with a connection, as soon as a request's head, or all of it, is there. */
export type Behaviour =
  | { readonly at: 'connect'; run(socket: Socket): void }
  | { readonly at: 'head' | 'body'; run(socket: Socket, request: RecordedRequest): void };

export interface Answer {
  readonly status?: number;
  readonly reason?: string;
  /** `[name, value]`, written in this order, one character for each byte. */
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: string | Buffer;
}

/** The bytes of a response. A Content-Length is added unless the headers frame the body themselves. */
export function responseBytes(answer: Answer, method = 'GET'): Buffer {
  const { status = 200, reason = 'Whatever', headers = [], body = '' } = answer;
  const bytes = Buffer.from(body);
  const framed = headers.some(([name]) => /^(content-length|transfer-encoding)$/i.test(name));
  const bodiless = status === 204 || status === 304;
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`);
  if (!framed && !bodiless) lines.push(`Content-Length: ${bytes.length}\r\n`);
  const head = Buffer.from(`HTTP/1.1 ${status} ${reason}\r\n${lines.join('')}\r\n`, 'latin1');
  return bodiless || method === 'HEAD' ? head : Buffer.concat([head, bytes]);
}

function onBody(run: (socket: Socket, request: RecordedRequest) => void): Behaviour {
  return { at: 'body', run };
}

/** Ends a connection in good order, or with a reset. */
export type Ending = 'fin' | 'rst';

const APART_MS = 20;
const APART_TURNS = 20;

/**
 * Ends the connection, apart from the data before: a reset on their heels is taken by libuv for an end in good
 * order. The turns are for all in this process that pass the data on, should it have been held up in between.
 */
export function endApart(socket: Socket, ending: Ending): void {
  const turn = (left: number) => {
    if (left === 0) end(socket, ending);
    else setImmediate(turn, left - 1);
  };
  setTimeout(turn, APART_MS, APART_TURNS);
}

function end(socket: Socket, ending: Ending): void {
  if (ending === 'rst') socket.resetAndDestroy();
  else socket.end();
}

export function answer(what: Answer): Behaviour {
  return onBody((socket, request) => socket.write(responseBytes(what, request.method)));
}

/** Bytes as they are, in answer to a whole request. */
export function raw(bytes: string | Buffer): Behaviour {
  return onBody((socket) => socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes));
}

type Call = ReadonlyMap<string, string>;

function rpcAnswer(request: RecordedRequest, answerTo: (call: Call) => string): Answer {
  const text = request.body.toString();
  const reply = (source: string): string[] => {
    const call = memberSources(source);
    const id = call.get('id');
    return id === undefined ? [] : [`{"jsonrpc":"2.0","id":${id},${answerTo(call)}}`];
  };
  const headers = [['Content-Type', 'application/json']] as const;
  const answers = text.trimStart().startsWith('[') ? itemSources(text).flatMap(reply) : reply(text);
  if (answers.length === 0) return { headers };
  return { headers, body: text.trimStart().startsWith('[') ? `[${answers.join(',')}]` : answers.join('') };
}

function methodOf(call: Call): string {
  return `${JSON.parse(call.get('method') ?? '""')}`;
}

/** Answers JSON-RPC calls and batches: a result for each method; others get `otherwise`. Ids come back as sent. */
export function answerRpc(results: Readonly<Record<string, unknown>>, otherwise: unknown = null): Behaviour {
  return onBody((socket, request) => {
    const reply = (call: Call) => `"result":${JSON.stringify(results[methodOf(call)] ?? otherwise)}`;
    socket.write(responseBytes(rpcAnswer(request, reply)));
  });
}

/** Answers every JSON-RPC call with this error object. */
export function rpcError(error: object, status = 200, headers: Answer['headers'] = []): Behaviour {
  return onBody((socket, request) => {
    const made = rpcAnswer(request, () => `"error":${JSON.stringify(error)}`);
    socket.write(responseBytes({ ...made, status, headers: [...(made.headers ?? []), ...headers] }));
  });
}

/** JSON-RPC calls get the label as their result, other requests get it as text. */
export function answerByLabel(label: string): Behaviour {
  const rpc = answerRpc({}, label);
  const plain = answer({ headers: [['Content-Type', 'text/plain']], body: label });
  return onBody((socket, request) => {
    const isRpc = /"method"/.test(request.body.toString('latin1', 0, 1_000));
    const behaviour = isRpc ? rpc : plain;
    if (behaviour.at !== 'connect') behaviour.run(socket, request);
  });
}

/** Another behaviour, after so many milliseconds: with a few clients, some requests are always under way. */
export function delayed(ms: number, behaviour: Behaviour): Behaviour {
  return onBody(
    (socket, request) =>
      void setTimeout(() => behaviour.at !== 'connect' && behaviour.run(socket, request), ms),
  );
}

/** Another behaviour, followed at once by the end of the connection, which was not announced. */
export function thenClose(first: Behaviour): Behaviour {
  return onBody((socket, request) => {
    if (first.at !== 'connect') first.run(socket, request);
    socket.end();
  });
}

/** Another behaviour, once the gate is opened. */
export function held(gate: Gate, behaviour: Behaviour): Behaviour {
  return onBody((socket, request) => {
    void gate.opened.then(() => {
      if (behaviour.at !== 'connect') behaviour.run(socket, request);
    });
  });
}

/** Holds back what waits for it until the test opens it. */
export class Gate {
  release: () => void = () => {};
  readonly opened = new Promise<void>((resolve) => {
    this.release = resolve;
  });
}

export const refuseRate = (retryAfter?: string): Behaviour =>
  answer({ status: 429, headers: retryAfter === undefined ? [] : [['Retry-After', retryAfter]] });

export const htmlPage = (status = 200): Behaviour =>
  answer({ status, headers: [['Content-Type', 'text/html']], body: '<!DOCTYPE html><h1>It works</h1>' });

export const emptyAnswer = (): Behaviour => answer({ headers: [['Content-Type', 'application/json']] });

/** A JSON text that stops in the middle, in a body that is framed correctly. */
export const cutJson = (): Behaviour => answer({ body: '{"jsonrpc":"2.0","id":1,"resu' });

/** Fewer bytes than the Content-Length says, then the end. */
export const cutBody = (ending: Ending, declared = 5_000, sent = 100): Behaviour =>
  onBody((socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${declared}\r\n\r\n`);
    socket.write(Buffer.alloc(sent, 'x'), () => endApart(socket, ending));
  });

/** One chunk but not the last one, then the end. */
export const cutChunked = (ending: Ending, data: string = 'x'.repeat(100)): Behaviour =>
  onBody((socket) => {
    const chunk = `${Buffer.byteLength(data).toString(16)}\r\n${data}\r\n`;
    socket.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`, () =>
      endApart(socket, ending),
    );
  });

/** Bytes that are no HTTP. */
export const garbage = (): Behaviour => raw('\x16\x03\x01\x02\x00\x01 this is not HTTP\r\n\r\n');

/** Reads the request and never answers. */
export const silence = (): Behaviour => onBody(() => {});

/** A header section that promises a body, and then nothing. */
export const headersThenSilence = (): Behaviour => raw('HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n');

/** One byte of the body each `everyMs`. */
export const drip = (body: string, everyMs: number): Behaviour =>
  onBody(async (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`);
    for (const byte of Buffer.from(body)) {
      await sleep(everyMs);
      if (socket.destroyed) return;
      socket.write(Buffer.of(byte));
    }
  });

export const resetOnConnect = (): Behaviour => ({ at: 'connect', run: (socket) => socket.resetAndDestroy() });

export const resetAfterRequest = (): Behaviour => onBody((socket) => socket.resetAndDestroy());

/** Answers as soon as the request's head is there, while its body is still on the way. */
export const earlyAnswer = (what: Answer): Behaviour => ({
  at: 'head',
  run: (socket, request) => socket.write(responseBytes(what, request.method)),
});

/**
 * Answers when `after` bytes or more of the request have come, with the connection's end announced, reads no more
 * and resets the connection at once, as a system does where a server closes with bytes unread.
 */
export const answerAndReset = (what: Answer, after = 1): Behaviour => ({
  at: 'connect',
  run: (socket) => {
    let received = 0;
    socket.on('data', (bytes) => {
      received += bytes.length;
      if (received < after || socket.destroyed) return;
      socket.write(responseBytes({ ...what, headers: [...(what.headers ?? []), ['Connection', 'close']] }));
      socket.resetAndDestroy();
    });
  },
});

/** Resets the connection as soon as the request's head is there. */
export const resetAtHead = (): Behaviour => ({ at: 'head', run: (socket) => socket.resetAndDestroy() });

/** An interim response (1xx), then another behaviour. */
export function interim(status: number, headers: Answer['headers'], then: Behaviour): Behaviour {
  const lines = (headers ?? []).map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return onBody((socket, request) => {
    socket.write(`HTTP/1.1 ${status} Interim\r\n${lines}\r\n`);
    if (then.at !== 'connect') then.run(socket, request);
  });
}
