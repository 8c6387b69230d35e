import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { systemClock } from '../clock.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import { addressOf, problemOf } from './connection.ts';
import type { Probe, ProbeResult, ProbeSettings } from './probe.ts';

/** A body is read this far, so that one that breaks off is noticed, and no further. */
const MAX_BODY_BYTES = 65_536;
/** As much as is taken from an upstream in an answer to a client. */
const MAX_HEADER_BYTES = 65_536;

/**
 * Up is who answers a GET with 2xx or 3xx; redirects are not followed. Built on node:http and not on the
 * clients' connection pools: one `destroy` ends a check at any stage, a connect that hangs included.
 */
export const httpProbe: Probe = {
  name: 'http',
  proves: new Set([
    'refused',
    'dns',
    'connect-timeout',
    'tls',
    'timeout',
    'reset',
    'cut',
    'bad-http',
    'status',
    'not-an-answer',
    'upstream-broken',
  ]),
  check(upstream, settings) {
    return new Promise((resolve) => {
      try {
        observe(openRequest(upstream, settings.path), settings, resolve);
      } catch (error) {
        // A path that node:http refuses to send.
        resolve({ up: false, problem: problemOf(error) });
      }
    });
  },
};

function openRequest(upstream: Upstream, path: string): ClientRequest {
  const open = upstream.secure ? requestHttps : requestHttp;
  return open({
    ...addressOf(upstream),
    ...(upstream.secure ? upstream.verification : {}),
    // A connection of its own, closed after the answer.
    agent: false,
    method: 'GET',
    path: targetOf(upstream, path),
    headers: {
      host: upstream.host,
      'user-agent': 'rpc-load-balancer',
      accept: '*/*',
      ...(upstream.authorization === undefined ? {} : { authorization: upstream.authorization }),
    },
    maxHeaderSize: MAX_HEADER_BYTES,
  });
}

function targetOf(upstream: Upstream, written: string): string {
  const path = written.startsWith('/') ? written : `/${written}`;
  const mark = path.indexOf('?');
  return upstream.targetOf(
    mark < 0 ? { path, query: undefined } : { path: path.slice(0, mark), query: path.slice(mark + 1) },
  );
}

function observe(
  request: ClientRequest,
  { timeoutMs }: ProbeSettings,
  resolve: (result: ProbeResult) => void,
): void {
  let statusIsGood = false;
  const finish = (result: ProbeResult) => {
    cancelDeadline();
    request.destroy();
    resolve(result);
  };
  const fail = (problem: string) => finish({ up: false, problem });
  const cancelDeadline = systemClock.after(timeoutMs, () => {
    // The status has spoken; a body that streams without an end is no fault.
    if (statusIsGood) finish({ up: true });
    else fail(`no answer within ${timeoutMs} ms`);
  });
  request.on('error', (error) => fail(problemOf(error)));
  // An answer that node:http takes no notice of, such as an unasked 101, ends like this. A good one too,
  // but perhaps before its body was read: that is for the response to say.
  request.on('close', () => statusIsGood || fail('connection closed without an answer'));
  request.on('response', (response) => {
    const status = response.statusCode ?? 0;
    if (status < 200 || status > 399) return fail(`status ${status}`);
    statusIsGood = true;
    readBody(response, finish);
  });
  request.end();
}

function readBody(response: IncomingMessage, finish: (result: ProbeResult) => void): void {
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) finish({ up: true });
  });
  response.on('end', () => finish({ up: true }));
  response.on('error', () => finish({ up: false, problem: 'answer cut off' }));
}
