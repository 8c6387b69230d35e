import { Agent, type IncomingHttpHeaders, request } from 'node:http';

export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  readonly text: string;
  /** The body as JSON; throws when it is none. */
  json(): unknown;
}

export interface HttpRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Without one, each request has a connection of its own. */
  readonly agent?: Agent;
}

const ownConnection = new Agent({ keepAlive: false });

/** Rejects when the connection broke off, also in the middle of the body. */
export function http(url: string, options: HttpRequest = {}): Promise<HttpResponse> {
  const { method = 'GET', headers = {}, body, agent = ownConnection } = options;
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers, agent }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const bytes = Buffer.concat(chunks);
        const text = bytes.toString();
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          rawHeaders: response.rawHeaders,
          body: bytes,
          text,
          json: () => JSON.parse(text),
        });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

export function post(
  url: string,
  body: string | Buffer,
  headers: Record<string, string> = {},
): Promise<HttpResponse> {
  return http(url, { method: 'POST', body, headers });
}

export interface RpcReply {
  readonly id?: unknown;
  readonly result?: unknown;
  readonly error?: {
    readonly code: number;
    readonly message: string;
    readonly data?: { readonly code?: string };
  };
}

export interface RpcResponse extends HttpResponse {
  readonly reply: RpcReply;
}

/** One JSON-RPC call. */
export async function rpc(
  url: string,
  method: string,
  params: unknown = [],
  id: string | number = 1,
): Promise<RpcResponse> {
  const body = JSON.stringify({ jsonrpc: '2.0', id, method, params });
  const response = await post(url, body, { 'content-type': 'application/json' });
  // What a test expects of the reply it checks itself.
  return { ...response, reply: response.json() as RpcReply };
}
