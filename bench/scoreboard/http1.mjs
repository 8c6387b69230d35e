// The little of HTTP/1.1 that is needed here, as cheap as can be: clients and providers share two cores with what
// is measured.
const HEAD_END = '\r\n\r\n';

/** Splits what comes in on one connection into messages. Both sides here wait for an answer before they go on. */
export class MessageReader {
  #bytes = Buffer.alloc(0);

  /** Takes what has come in. The message that is complete with it, or undefined. */
  take(chunk) {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    const headEnd = this.#bytes.indexOf(HEAD_END);
    if (headEnd < 0) return undefined;
    const head = this.#bytes.latin1Slice(0, headEnd);
    const rest = this.#bytes.subarray(headEnd + HEAD_END.length);
    const body = /\r\ntransfer-encoding: *chunked/i.test(head) ? unchunked(rest) : lengthy(head, rest);
    if (body === undefined) return undefined;
    this.#bytes = Buffer.alloc(0);
    return { head, body };
  }
}

/** The body of the length that the head tells; undefined while it isn't complete. A request may have none. */
function lengthy(head, bytes) {
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  // An answer without a length ends with its connection, and nobody here gives one.
  if (length === undefined) return head.startsWith('HTTP/') ? undefined : '';
  return bytes.length < Number(length) ? undefined : bytes.utf8Slice(0, Number(length));
}

/** The body of these chunks; undefined while the last one has not come. */
function unchunked(bytes) {
  const parts = [];
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.latin1Slice(at, lineEnd), 16);
    const end = lineEnd + 2 + size;
    if (bytes.length < end + 2) return undefined;
    if (size === 0) return Buffer.concat(parts).toString();
    parts.push(bytes.subarray(lineEnd + 2, end));
    at = end + 2;
  }
}

/** The bytes of a JSON-RPC request. */
export function requestBytes(port, body) {
  return `POST / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

/** The bytes of an answer; `lines`: more header lines, each with its line end. */
export function answerBytes({ status = 200, type = 'application/json', lines = '', body, length }) {
  return `HTTP/1.1 ${status} Whatever\r\nContent-Type: ${type}\r\n${lines}Content-Length: ${length ?? Buffer.byteLength(body)}\r\n\r\n${body}`;
}
