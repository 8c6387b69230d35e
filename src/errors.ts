/** Every answer that the load balancer gives by itself. The README's table is tested against it. */

export interface OwnAnswer {
  readonly status: number;
  /** The `code` of the JSON-RPC error object. */
  readonly rpcCode: number;
  /** One sentence for the client, without details of upstreams. */
  readonly sentence: string;
  /** When it is given, for the README. */
  readonly when: string;
}

export const OWN_ANSWERS = {
  ALL_UPSTREAMS_FAILED: {
    status: 502,
    rpcCode: -32010,
    sentence: 'No upstream gave a usable answer.',
    when: 'attempts were made, none gave an answer',
  },
  NO_UPSTREAM_AVAILABLE: {
    status: 503,
    rpcCode: -32011,
    sentence: 'No upstream is available at the moment.',
    when: 'every upstream is quarantined or down; `Retry-After` says when the first comes back',
  },
  RATE_LIMITED: {
    status: 429,
    rpcCode: -32005,
    sentence: 'Every upstream that could answer is rate-limited.',
    when: 'every upstream that could answer is rate-limited; with `Retry-After`',
  },
  REQUEST_TIMED_OUT: {
    status: 504,
    rpcCode: -32015,
    sentence: 'The time for this request ran out.',
    when: '`REQUEST_TIMEOUT` ran out',
  },
  HEADERS_TOO_LARGE: {
    status: 431,
    rpcCode: -32600,
    sentence: 'The request has too many or too large header lines.',
    when: 'header lines over `MAX_HEADER_SIZE`, or more than 100 of them',
  },
  URL_TOO_LONG: {
    status: 414,
    rpcCode: -32600,
    sentence: 'The request target is too long.',
    when: 'the request target is longer than `MAX_URL`',
  },
  BODY_TOO_LARGE: {
    status: 413,
    rpcCode: -32600,
    sentence: 'The request body is too large.',
    when: 'the request body is larger than `MAX_BODY`',
  },
  BATCH_TOO_LARGE: {
    status: 413,
    rpcCode: -32600,
    sentence: 'The batch holds too many calls.',
    when: 'more than `MAX_BATCH` calls in one JSON-RPC batch',
  },
  BAD_REQUEST: {
    status: 400,
    rpcCode: -32600,
    sentence: 'The request is not valid.',
    when: 'malformed HTTP, a bad Host, or a path that leads out of an upstream’s own path (`..`); where a list of methods applies also a body that two readers could read differently',
  },
  UNAUTHORIZED: {
    status: 401,
    rpcCode: -32001,
    sentence: 'A valid API key is needed.',
    when: 'none of `API_KEYS` is in the request; with `WWW-Authenticate: Bearer`',
  },
  CLIENT_RATE_LIMITED: {
    status: 429,
    rpcCode: -32005,
    sentence: 'Too many calls: slow down.',
    when: 'the client’s own limit (`CLIENT_RPS`, `rps=` of its key); with `Retry-After`',
  },
  METHOD_DENIED: {
    status: 200,
    rpcCode: -32601,
    sentence: 'This method may not be called here.',
    when: 'a JSON-RPC method that `ALLOW_METHODS`, `DENY_METHODS` or `methods=` of the key rule out; 403 for a WebSocket where such a list applies',
  },
  CLIENT_TOO_SLOW: {
    status: 408,
    rpcCode: -32600,
    sentence: 'The request did not arrive in time.',
    when: 'headers slower than `CLIENT_HEADER_TIMEOUT`, or a body silent for `CLIENT_BODY_TIMEOUT`',
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    rpcCode: -32600,
    sentence: 'This HTTP method is not served here.',
    when: 'CONNECT or TRACE',
  },
  EXPECTATION_FAILED: {
    status: 417,
    rpcCode: -32600,
    sentence: 'Only "Expect: 100-continue" can be met.',
    when: 'an `Expect` other than `100-continue`',
  },
  NO_SUCH_POOL: {
    status: 404,
    rpcCode: -32601,
    sentence: 'Nothing is served at this path.',
    when: 'no pool has this path',
  },
  LOOP_DETECTED: {
    status: 508,
    rpcCode: -32600,
    sentence: 'The request has passed through this load balancer before.',
    when: '`Via` already contains the name of this process',
  },
  METHOD_NOT_SUPPORTED: {
    status: 200,
    rpcCode: -32601,
    sentence: 'No upstream supports this method.',
    when: 'a JSON-RPC method that every upstream has lately refused as unsupported',
  },
  FILTER_NOT_FOUND: {
    status: 200,
    rpcCode: -32000,
    sentence: 'filter not found',
    when: 'a filter whose upstream is gone, or that was made before the daemon was started',
  },
  INVALID_CALL: {
    status: 200,
    rpcCode: -32600,
    sentence: 'Invalid Request',
    when: 'an empty JSON-RPC batch, or an item of a batch that is not a call',
  },
  OVERLOADED: {
    status: 503,
    rpcCode: -32011,
    sentence: 'The load balancer has more to do than it can.',
    when: 'the load balancer itself is short of CPU time (its event loop has run more than 500 ms late for 3 s), of memory (`MAX_BUFFERED`), of file descriptors or of local ports; with `Retry-After`',
  },
  SHUTTING_DOWN: {
    status: 503,
    rpcCode: -32011,
    sentence: 'The load balancer is shutting down.',
    when: 'a new request after the shutdown began, or one that waits for an upstream at its end; with `Connection: close`',
  },
  INTERNAL_ERROR: {
    status: 500,
    rpcCode: -32603,
    sentence: 'The load balancer made a mistake; it is in its log.',
    when: 'a bug in the load balancer itself; only this request fails',
  },
} as const satisfies Record<string, OwnAnswer>;

export type AnswerCode = keyof typeof OWN_ANSWERS;
