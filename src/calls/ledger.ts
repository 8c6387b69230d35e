/** Keeps track of the JSON-RPC calls of one request: which are answered, and what is still to be sent. */

import type { AnswerCode } from '../errors.ts';
import { LOGS_METHOD, type LogsRange, readLogsRange } from '../rpc/logs-range.ts';
import { hasSameBytes } from '../rpc/matching.ts';
import type { RpcAnswer, RpcCall, RpcRequest } from '../rpc/message.ts';
import { mayRepeat, type Repeatability } from '../rpc/methods.ts';
import type { Answered } from '../transport/outcome.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import { type AnswerItem, type Source, VerbatimItem } from './answer-item.ts';
import { isUntouched, tooLargeBy, worthOf } from './call-verdict.ts';
import type { CallsJudgement, CallVerdict } from './judge-calls.ts';
import { errorWithoutSecrets } from './masked-errors.ts';
import { DENIED, type Placement } from './placement.ts';
import { joinBatch, writeRpcError } from './rpc-writer.ts';

/** A call that expects an answer, and what became of it. */
export interface CallEntry {
  readonly call: RpcCall;
  readonly repeat: Repeatability;
  /** The only upstream that can answer it, because it keeps the filter that the call uses. */
  readonly home: Upstream | undefined;
  /** open -> answered | in-doubt. In doubt: the call may have been executed, and must not be executed twice. */
  state: 'open' | 'answered' | 'in-doubt';
  answer: AnswerItem | undefined;
  /** See `worthOf`. */
  worth: number;
  /** The first error worth reporting to the client if no upstream does better. */
  reportableError: AnswerItem | undefined;
  /** How many of the attempts were refused because of a rate limit. */
  rateLimits: number;
  attempts: number;
  /** Why we answer it ourselves. */
  ownCode: AnswerCode | undefined;
  /** It was refused for its size: as part of a `batch`, or by itself, because of its `range` or what is found there. */
  tooLarge: 'batch' | 'range' | undefined;
  /** The blocks that a refusal said would do for this call. */
  advisedBlocks: number | undefined;
  /** See `rangeOf`; null when it was looked for in vain. */
  range: LogsRange | null | undefined;
}

/** It wants no answer. An item that is no call wants one, in which it is told so. */
function isNotification({ method, idStart }: RpcCall): boolean {
  return method !== undefined && idStart < 0;
}

export class Ledger {
  readonly rpc: RpcRequest;
  readonly body: Buffer;
  readonly entries: readonly CallEntry[];
  /** No call of the client's body is held back, but for those that are answered. */
  readonly #isWhole: boolean;
  #hasNotifications: boolean;
  #exact: { readonly answered: Answered; readonly upstream: Upstream } | undefined;

  constructor(rpc: RpcRequest, body: Buffer, place: (call: RpcCall) => Placement) {
    this.body = body;
    const entries: CallEntry[] = [];
    const denied = new Set<RpcCall>();
    for (const call of rpc.calls) {
      const placement = place(call);
      if (!isNotification(call)) entries.push(this.#newEntry(call, placement));
      else if (placement === DENIED) denied.add(call);
    }
    this.#isWhole = denied.size === 0;
    this.rpc = this.#isWhole ? rpc : { ...rpc, calls: rpc.calls.filter((call) => !denied.has(call)) };
    this.entries = entries;
    this.#hasNotifications = entries.length < this.rpc.calls.length;
  }

  /** Calls that want no answer are still to be sent: no upstream has taken them, or may have. */
  get hasNotifications(): boolean {
    return this.#hasNotifications;
  }

  /** The calls that are still open and that `mayGo`. */
  openFor(mayGo: (entry: CallEntry) => boolean): readonly CallEntry[] {
    const fits = (entry: CallEntry) => entry.state === 'open' && mayGo(entry);
    // At first nearly always all of them: no list of their own is needed.
    return this.entries.every(fits) ? this.entries : this.entries.filter(fits);
  }

  /** The upstream's answer that can be passed on unchanged, because it answers exactly these calls. */
  get exact(): { readonly answered: Answered; readonly upstream: Upstream } | undefined {
    return this.#exact;
  }

  /** A call still needs an answer. */
  get hasOpen(): boolean {
    return this.entries.some((entry) => entry.state === 'open');
  }

  /** Nothing is left to send. */
  get done(): boolean {
    return !this.#hasNotifications && !this.hasOpen;
  }

  /** The blocks that a call for logs asks for; undefined for another call, and where they are uncertain. */
  rangeOf(entry: CallEntry): LogsRange | undefined {
    if (entry.call.method !== LOGS_METHOD) return undefined;
    if (entry.range === undefined) entry.range = readLogsRange(entry.call, this.body) ?? null;
    return entry.range ?? undefined;
  }

  /** As how many calls of a batch these are sent, the notifications that go along included. */
  sizeOf(asked: number): number {
    return asked + (this.#hasNotifications ? this.rpc.calls.length - this.entries.length : 0);
  }

  /** What became of a piece's call has become of this one, of which it was a part or which it repeats. */
  take(entry: CallEntry, from: CallEntry): void {
    entry.state = from.state;
    entry.answer = from.answer;
    entry.reportableError = from.reportableError;
    entry.rateLimits = from.rateLimits;
    entry.attempts = from.attempts;
    entry.ownCode = from.ownCode;
    this.#exact = undefined;
  }

  /** Marks the notifications as sent: an upstream has taken them, or may have. */
  endNotifications(): void {
    this.#hasNotifications = false;
  }

  /** The body to send for these entries: the client's own bytes when nothing is left out. */
  payload(asked: readonly CallEntry[]): Buffer {
    const { rpc, body } = this;
    const isWhole = this.#isWhole && (this.#hasNotifications || this.entries.length === rpc.calls.length);
    if (asked.length === this.entries.length && isWhole) return body;
    return joinBatch(this.callsOf(asked).map(({ start, end }) => body.subarray(start, end)));
  }

  /** These calls, and the notifications that are still to be sent, in the order of the request. */
  callsOf(asked: readonly CallEntry[]): readonly RpcCall[] {
    const calls = new Set(asked.map((entry) => entry.call));
    return this.rpc.calls.filter(
      (call) => calls.has(call) || (this.#hasNotifications && isNotification(call)),
    );
  }

  /** Records what an attempt brought for the calls that it sent. */
  record(asked: readonly CallEntry[], judgement: CallsJudgement, source: Source): void {
    if (judgement.oneByOne || !judgement.verdicts.every(isUntouched)) this.endNotifications();
    for (let index = 0; index < asked.length; index += 1) {
      const entry = asked[index];
      const verdict = judgement.verdicts[index];
      if (!entry || !verdict) continue;
      const worth = worthOf(verdict, judgement.text);
      // A late answer to a call that is settled adds nothing, unless it is better.
      const isBetter = entry.state === 'answered' && worth > entry.worth;
      if (entry.state !== 'open' && !isBetter) continue;
      entry.worth = worth;
      this.#recordOne(entry, verdict, judgement.text, source);
    }
    const answersAll =
      judgement.exact && asked.length === this.entries.length && source.answered !== undefined;
    if (answersAll && asked.every(({ answer }) => answer?.answered === source.answered && answer?.verbatim)) {
      this.#exact = { answered: source.answered, upstream: source.upstream };
    }
  }

  settle(entry: CallEntry, item: AnswerItem): void {
    entry.state = 'answered';
    entry.answer = item;
    this.#exact = undefined;
  }

  /** Opens a call again because its answer can't be used: another upstream may have a better one. */
  reopen(entry: CallEntry): void {
    entry.state = 'open';
    entry.answer = undefined;
    this.#exact = undefined;
  }

  /** The answer to a call so far: an upstream's, or our own from before the first attempt. */
  answerTo(entry: CallEntry): AnswerItem | undefined {
    // An error from before the attempt that may have executed the call is not its result.
    return entry.answer ?? (entry.state === 'in-doubt' ? undefined : entry.reportableError);
  }

  #recordOne(entry: CallEntry, verdict: CallVerdict, text: Buffer, source: Source): void {
    entry.attempts += 1;
    switch (verdict.kind) {
      case 'open':
        if (verdict.rateLimited) entry.rateLimits += 1;
        entry.tooLarge = tooLargeBy(verdict, !this.rpc.batch) ?? entry.tooLarge;
        if (verdict.error) entry.reportableError ??= this.#newItem(entry, verdict.error, text, source);
        break;
      case 'in-doubt':
        entry.state = 'in-doubt';
        break;
      case 'settle':
      case 'known':
      case 'nonce': {
        const item = this.#newItem(entry, verdict.answer, text, source);
        // The first reportable error goes to the client.
        this.settle(entry, verdict.isError ? (entry.reportableError ?? item) : item);
        break;
      }
      default:
        verdict satisfies never;
    }
  }

  #newEntry(call: RpcCall, placement: Placement): CallEntry {
    const own = placement.kind === 'refused' ? writeRpcError(placement.code, this.idOf(call)) : undefined;
    return {
      call,
      repeat: mayRepeat(call) ? 'always' : 'unsent',
      home: placement.kind === 'home' ? placement.upstream : undefined,
      state: own ? 'answered' : 'open',
      answer: own && { bytes: own, upstream: undefined, answered: undefined, verbatim: false, status: 200 },
      worth: 0,
      reportableError: undefined,
      rateLimits: 0,
      attempts: 0,
      ownCode: placement.kind === 'refused' ? placement.code : undefined,
      tooLarge: undefined,
      advisedBlocks: undefined,
      range: undefined,
    };
  }

  /** The bytes of a call's id; `null` where it has none. */
  idOf(call: RpcCall): Buffer {
    return call.idStart < 0 ? Buffer.from('null') : this.body.subarray(call.idStart, call.idEnd);
  }

  #newItem(entry: CallEntry, answer: RpcAnswer, text: Buffer, { answered, upstream }: Source): AnswerItem {
    const status = answered?.status ?? 200;
    const masked = errorWithoutSecrets(text, answer, upstream);
    if (!masked && hasSameBytes(text, answer, this.body, entry.call)) {
      return new VerbatimItem(text, answer, { answered, upstream });
    }
    const id = this.idOf(entry.call);
    const beforeId = masked?.beforeId ?? text.subarray(answer.start, answer.idStart);
    const afterId =
      masked?.afterId ?? text.subarray(answer.idStart < 0 ? answer.start : answer.idEnd, answer.end);
    const parts =
      answer.idStart < 0
        ? [Buffer.from('{"id":'), id, Buffer.from(','), afterId.subarray(1)]
        : [beforeId, id, afterId];
    return { bytes: Buffer.concat(parts), upstream, answered, verbatim: false, status };
  }
}
