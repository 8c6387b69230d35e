/** Asks one upstream gently: one question after the other, and none once it wants no more. */

import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Clock } from '../../clock.ts';
import type { Dialer } from '../../network/dial.ts';
import { type AskResult, askUncounted, type Question } from '../../probes/ask.ts';
import { batchQuestion, rpcQuestion } from '../../probes/rpc-question.ts';
import type { Upstream } from '../../upstreams/upstream.ts';
import { type AskedFor, type Reply, readBatchReply, readReply, refusalIn } from './reply.ts';

/** What all inquiries of one check share. */
export interface InquiryMeans {
  readonly clock: Clock;
  readonly dialer: Dialer;
  /** After that nothing more is asked; monotonic milliseconds. */
  readonly endMs: number;
}

/** A light question is answered at once, a heavy one may make a node search its disk. */
export type Weight = 'light' | 'heavy';

const LEAST_LIGHT_MS = 2_000;
const HEAVY_MS = 5_000;
/** Blocks with thousands of transactions have this much. */
const MAX_BODY_BYTES = 2_000_000;
const DAY_MS = 86_400_000;
const NO_TIME = 'the check took too long';

export class Inquiry {
  readonly upstream: Upstream;
  readonly #means: InquiryMeans;
  /** How long a light question may take, in milliseconds. */
  readonly lightMs: number;
  #questions = 0;
  #missing = 0;
  #stopped: string | undefined;
  readonly #latenciesMs: number[] = [];
  readonly #connectsMs: number[] = [];
  #tlsDaysLeft: number | undefined;
  #clockAheadMs: number | undefined;
  #nextMs = Number.NEGATIVE_INFINITY;

  /** `healthCheckTimeoutMs`: how long the pool gives a check. */
  constructor(upstream: Upstream, healthCheckTimeoutMs: number, means: InquiryMeans) {
    this.upstream = upstream;
    this.#means = means;
    this.lightMs = Math.max(LEAST_LIGHT_MS, healthCheckTimeoutMs);
  }

  /** Why it is asked nothing more; undefined as long as it is. */
  get stopped(): string | undefined {
    return this.#stopped;
  }

  /** There was more to ask when the time of the check was over. */
  get isCutShort(): boolean {
    return this.#stopped === NO_TIME;
  }

  get questions(): number {
    return this.#questions;
  }

  /** The median time of the whole light answers, from the question on an open connection; undefined without any. */
  get latencyMs(): number | undefined {
    return median(this.#latenciesMs);
  }

  /** The median time to open a connection, with TLS where the URL asks for it. */
  get connectMs(): number | undefined {
    return median(this.#connectsMs);
  }

  /** How many whole days the upstream's certificate is valid; negative once it is not. */
  get tlsDaysLeft(): number | undefined {
    return this.#tlsDaysLeft;
  }

  /** How far its clock is ahead of this machine's, by its Date header. */
  get clockAheadMs(): number | undefined {
    return this.#clockAheadMs;
  }

  /** Nothing more is asked, for this reason. */
  stop(why: string): void {
    this.#stopped ??= why;
  }

  async call(method: string, params: readonly unknown[] = [], weight: Weight = 'light'): Promise<Reply> {
    const question = rpcQuestion(this.upstream, method, params);
    return this.#reply(question, { method, weight, calls: 1, read: readReply });
  }

  async batch(method: string, size: number): Promise<Reply> {
    const question = batchQuestion(this.upstream, method, size);
    return this.#reply(question, { method, weight: 'heavy', calls: size, read: readBatchReply });
  }

  /** A question that is no JSON-RPC. */
  async ask(question: Question): Promise<AskResult | { readonly kind: 'not-tried'; readonly why: string }> {
    return (await this.#put(question, { weight: 'light', calls: 1 })).result;
  }

  async #reply(
    question: Question,
    how: {
      readonly method: string;
      readonly weight: Weight;
      readonly calls: number;
      readonly read: (result: AskResult, asked: AskedFor) => Reply;
    },
  ): Promise<Reply> {
    const { result, timeoutMs } = await this.#put(question, how);
    if (result.kind === 'not-tried') return result;
    const reply = how.read(result, { method: how.method, timeoutMs, secrets: this.upstream.secrets });
    const refusal = refusalIn(reply);
    if (refusal !== undefined) this.stop(refusal);
    return reply;
  }

  async #put(question: Question, { weight, calls }: { readonly weight: Weight; readonly calls: number }) {
    const { clock, dialer } = this.#means;
    await this.#turn(calls);
    const leftMs = this.#means.endMs - clock.monotonicMs();
    const fullMs = weight === 'light' ? this.lightMs : HEAVY_MS;
    const timeoutMs = Math.min(leftMs, fullMs);
    if (leftMs <= 0) this.stop(NO_TIME);
    if (this.#stopped !== undefined)
      return { result: { kind: 'not-tried', why: this.#stopped } as const, timeoutMs };
    this.#questions += 1;
    const startedMs = clock.monotonicMs();
    let openMs: number | undefined;
    const onConnected = (socket: Socket) => {
      openMs = clock.monotonicMs();
      this.#connectsMs.push(openMs - startedMs);
      this.#noteCertificate(socket);
    };
    const result = await askUncounted(this.upstream, question, {
      ...{ timeoutMs, clock, dialer, onConnected },
      maxBodyBytes: MAX_BODY_BYTES,
    });
    // It had less time than others.
    if (timeoutMs < fullMs && isSilence(result)) {
      this.stop(NO_TIME);
      return { result: { kind: 'not-tried', why: NO_TIME } as const, timeoutMs };
    }
    this.#note(result);
    const isWhole = result.kind === 'answer' && result.ending === 'whole';
    if (isWhole && openMs !== undefined && weight === 'light')
      this.#latenciesMs.push(clock.monotonicMs() - openMs);
    return { result, timeoutMs };
  }

  /** Waits, where its operator has said how many calls a second it takes. */
  async #turn(calls: number): Promise<void> {
    const { clock, endMs } = this.#means;
    const { rps } = this.upstream.limits;
    if (rps === undefined || this.#stopped !== undefined) return;
    const nowMs = clock.monotonicMs();
    const atMs = Math.max(nowMs, this.#nextMs);
    this.#nextMs = atMs + (1_000 * calls) / rps;
    const waitMs = Math.min(atMs, endMs) - nowMs;
    if (waitMs > 0) await new Promise<void>((resolve) => clock.after(waitMs, resolve));
  }

  #note(result: AskResult): void {
    const problem = missing(result);
    if (problem !== undefined) this.#missing += 1;
    // One may have been too heavy for it.
    if (problem !== undefined && (this.#missing > 1 || this.#latenciesMs.length === 0)) this.stop(problem);
    if (result.kind !== 'answer') return;
    if (result.status === 429) this.stop('rate-limited');
    // An answer from a cache has the date of long ago.
    const date = 'age' in result.headers ? Number.NaN : Date.parse(result.headers.date ?? '');
    if (!Number.isNaN(date)) this.#clockAheadMs = date - this.#means.clock.wallMs();
  }

  #noteCertificate(socket: Socket): void {
    if (!(socket instanceof TLSSocket)) return;
    const endMs = Date.parse(socket.getPeerCertificate().valid_to);
    if (!Number.isNaN(endMs)) this.#tlsDaysLeft = Math.floor((endMs - this.#means.clock.wallMs()) / DAY_MS);
  }
}

/** Why there is no answer; undefined when there is one. */
function missing(result: AskResult): string | undefined {
  if (result.kind === 'failed' || result.kind === 'not-asked') return result.problem;
  return isSilence(result) ? 'no answer' : undefined;
}

function isSilence(result: AskResult): boolean {
  return result.kind === 'timeout' || (result.kind === 'answer' && result.ending === 'unfinished');
}

function median(values: readonly number[]): number | undefined {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)];
}
