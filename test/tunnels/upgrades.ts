import { expect } from 'vitest';
import { type RunningApp, startApp } from '../support/app.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { RawClient, type RawResponse, rawRequest, requestBytes } from '../support/raw-client.ts';
import { switchProtocol } from '../support/tunnel-client.ts';
import { until } from '../support/waiting.ts';

/** Any failure is forgiven before the next test asks. */
export const FORGIVING = ['--error-time-to-live-minutes=0.00002'];

interface Row {
  readonly state: string;
  readonly connections: number;
  readonly requests: number;
  readonly failures: number;
}

/** A primary and a fallback that both change the protocol, and say their label then. */
export class Pair {
  readonly first: FakeUpstream;
  readonly second: FakeUpstream;
  readonly app: RunningApp;

  private constructor(first: FakeUpstream, second: FakeUpstream, app: RunningApp) {
    this.first = first;
    this.second = second;
    this.app = app;
  }

  static async start(flags: readonly string[] = []): Promise<Pair> {
    const first = await FakeUpstream.start('first');
    const second = await FakeUpstream.start('second');
    const app = await startApp({
      primaries: [`${first.url} name=first`],
      fallbacks: [`${second.url} name=second`],
      flags: [...FORGIVING, ...flags],
    });
    return new Pair(first, second, app);
  }

  get port(): number {
    return this.app.port;
  }

  /** Nobody rests, nothing is recorded, both change the protocol again. */
  async reset(): Promise<void> {
    await until(
      async () => (await this.stats()).every(({ state }) => state === 'usable'),
      'usable upstreams',
    );
    for (const upstream of [this.first, this.second]) {
      upstream.reset();
      upstream.use(switchProtocol({ head: upstream.label }));
    }
  }

  async stats(): Promise<Row[]> {
    return JSON.parse((await rawRequest(this.port, requestBytes('GET /stats'))).text);
  }
}

/** The answer to a request that changes no protocol: the last one on its connection. */
export async function asked(bytes: Buffer, { port }: { readonly port: number }): Promise<RawResponse> {
  const client = await RawClient.connect(port);
  client.send(bytes);
  const response = await client.response();
  expect(await client.ended()).toBe('fin');
  return response;
}

/** Status and code of an answer of our own. */
export function refusal(response: RawResponse): [number, string] {
  expect(response.header('content-type')).toBe('application/problem+json');
  expect(response.header('connection')).toBe('close');
  const { status, code, requestId } = JSON.parse(response.text);
  expect([status, requestId]).toEqual([response.status, response.header('x-request-id')]);
  return [status, code];
}

export function names(lines: readonly string[]): string[] {
  return lines.map((line) => line.slice(0, line.indexOf(':')).toLowerCase());
}
