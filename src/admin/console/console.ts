/** Makes single JSON-RPC calls for operators: as a client, or to one upstream alone. */

import { createHmac } from 'node:crypto';
import type { OutgoingResponse } from '../../http/messages.ts';
import type { Dialer } from '../../network/dial.ts';
import type { Pool } from '../../pools/pool.ts';
import type { PoolTable } from '../../pools/pool-table.ts';
import type { Runtime } from '../../runtime.ts';
import type { SecretTexts } from '../../secret-texts.ts';
import type { Upstream } from '../../upstreams/upstream.ts';
import type { Answer } from '../answers.ts';
import { poolFor } from '../input.ts';
import { Refusal } from '../problems.ts';
import { answerOf, type CallResult } from './call-result.ts';
import { CallWatch } from './call-watch.ts';
import { type ConsoleCall, readCall } from './console-input.ts';
import { type OwnAddress, sendToSelf } from './own-request.ts';
import { callUpstream } from './upstream-call.ts';

/** Calls that may be under way at the same time. */
const MAX_CALLS = 4;
/** So much longer than REQUEST_TIMEOUT a request may take: then its own answer has come. */
const GRACE_MS = 1_000;

export interface ConsoleDependencies {
  readonly runtime: Runtime;
  readonly dialer: Dialer;
  /** Those that serve at the moment. */
  readonly pools: () => PoolTable;
  /** Where the client port listens; undefined until it does. */
  readonly self: () => OwnAddress | undefined;
  /** The console's own key; undefined where requests need none, and where it would only be passed on to upstreams. */
  readonly key: () => string | undefined;
  /** Random, and known to nobody else: nobody can guess what the requests are called. */
  readonly secret: Buffer;
}

/** A request for a call. */
export interface Asked {
  /** The JSON value of its body. */
  readonly body: unknown;
  /** The body as it was sent. */
  readonly text: string;
  readonly response: OutgoingResponse;
}

export class Console {
  readonly #dependencies: ConsoleDependencies;
  readonly #watch: CallWatch;
  #underWay = 0;
  #made = 0;

  constructor(dependencies: ConsoleDependencies) {
    const { clock, announcer } = dependencies.runtime;
    this.#dependencies = dependencies;
    this.#watch = new CallWatch(clock);
    announcer.listen((event) => this.#watch.hear(event));
  }

  /** Makes the call that a body describes. Rejects with a Refusal when nothing was sent. */
  async call({ body, text, response }: Asked): Promise<Answer> {
    const call = readCall(body, text);
    const place = this.#placeOf(call);
    if (this.#underWay >= MAX_CALLS) throw new Refusal('TOO_MANY_CALLS', `allowed: ${MAX_CALLS} at a time`);
    this.#underWay += 1;
    try {
      const left = new AbortController();
      response.once('close', () => left.abort());
      if ('upstream' in place) return await this.#callUpstream(place.upstream, call, left.signal);
      const known = () => this.#secretsIn(place.pool.identity.name);
      const before = known();
      const [result, secrets] = await this.#callAsClient(place.pool, call, left.signal);
      // Nobody has answered, or that was not announced: it could be any of them.
      if (result.answeredBy === null) for (const each of [...before, ...known()]) secrets.add(each);
      return answerOf(result, [...secrets]);
    } finally {
      this.#underWay -= 1;
    }
  }

  #placeOf({ pool, upstream: name }: ConsoleCall): { readonly pool: Pool } | { readonly upstream: Upstream } {
    const table = this.#dependencies.pools();
    if (name === undefined) return { pool: poolFor(pool, table) };
    const pools = pool === undefined ? table.all : [poolFor(pool, table)];
    const [upstream] = pools.flatMap(({ registry }) => registry.find(name) ?? []);
    if (!upstream) throw new Refusal('UNKNOWN_UPSTREAM');
    return { upstream };
  }

  #secretsIn(pool: string): SecretTexts[] {
    return (
      this.#dependencies
        .pools()
        .find(pool)
        ?.registry.all.map(({ secrets }) => secrets) ?? []
    );
  }

  async #callUpstream(
    upstream: Upstream,
    { text, method }: ConsoleCall,
    signal: AbortSignal,
  ): Promise<Answer> {
    const { runtime, dialer } = this.#dependencies;
    const { name, pool } = upstream.identity;
    runtime.logger.info({ pool: pool.shown, upstream: name, rpcMethod: method }, 'Called by an operator');
    const before = upstream.secrets;
    const result = await callUpstream(upstream, text, { clock: runtime.clock, dialer, signal });
    return answerOf(result, [before, upstream.secrets]);
  }

  /** What came of it, and the secrets of those that were asked. */
  async #callAsClient(
    pool: Pool,
    { text }: ConsoleCall,
    signal: AbortSignal,
  ): Promise<[CallResult, Set<SecretTexts>]> {
    const { runtime, self, key } = this.#dependencies;
    const { clock } = runtime;
    const to = self();
    if (!to) throw new Refusal('SHUTTING_DOWN', 'the client port does not listen');
    const id = this.#nextId();
    const own = key();
    const request = {
      path: pool.path === '' ? '/' : pool.path,
      headers: {
        'Content-Type': 'application/json',
        'Accept-Encoding': 'identity',
        'User-Agent': 'rpc-load-balancer',
        'X-Request-Id': id,
        ...(own === undefined ? {} : { 'X-API-Key': own }),
      },
      body: text,
      timeoutMs: pool.settings.requestTimeoutMs + GRACE_MS,
      signal,
    };
    const startMs = clock.monotonicMs();
    let ms = 0;
    const [received, { attempts, secrets, answeredBy }] = await this.#watch.watch(id, async () => {
      const result = await sendToSelf(to, request, clock);
      ms = clock.monotonicMs() - startMs;
      return result;
    });
    return [{ ...received, ms, answeredBy, attempts, requestId: id }, secrets];
  }

  #nextId(): string {
    this.#made += 1;
    const digest = createHmac('sha256', this.#dependencies.secret)
      .update(`console ${this.#made}`)
      .digest('hex');
    return `console-${digest.slice(0, 16)}`;
  }
}
