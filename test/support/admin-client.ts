import { type HttpResponse, http } from './http-client.ts';

/** An operator at the admin port. */
export class AdminClient {
  readonly url: string;
  readonly #headers: Readonly<Record<string, string>>;

  /** `headers` go with every call. */
  constructor(url: string, headers: Readonly<Record<string, string>> = {}) {
    this.url = url;
    this.#headers = headers;
  }

  get(path: string): Promise<HttpResponse> {
    return http(this.url + path, { headers: this.#headers });
  }

  post(path: string, body?: unknown): Promise<HttpResponse> {
    return this.#change('POST', path, body);
  }

  patch(path: string, body?: unknown): Promise<HttpResponse> {
    return this.#change('PATCH', path, body);
  }

  put(path: string, body?: unknown): Promise<HttpResponse> {
    return this.#change('PUT', path, body);
  }

  delete(path: string): Promise<HttpResponse> {
    return http(this.url + path, { method: 'DELETE', headers: this.#headers });
  }

  #change(method: string, path: string, body: unknown): Promise<HttpResponse> {
    const headers = { 'content-type': 'application/json', ...this.#headers };
    return http(
      this.url + path,
      body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) },
    );
  }
}

/** Status and code of a problem document. */
export function refusalIn(response: HttpResponse): readonly [status: number, code: unknown] {
  // What a test expects of the document it checks itself.
  const document = response.json() as { status?: unknown; code?: unknown };
  if (response.headers['content-type'] !== 'application/problem+json' || document.status !== response.status)
    throw new Error(`no problem document: ${response.status} ${response.text}`);
  return [response.status, document.code];
}
