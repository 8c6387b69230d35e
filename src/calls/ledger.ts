/** The JSON-RPC calls of one request: which are answered, and what is still to be asked. */
import type { AnswerCode } from '../errors.ts';
import { hasSameBytes } from '../rpc/matching.ts';
import type { RpcAnswer, RpcCall, RpcRequest } from '../rpc/message.ts';
import { mayRepeat, type Repeatability } from '../rpc/methods.ts';
import type { Answered } from '../transport/outcome.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import type { CallsJudgement, CallVerdict } from './judge-calls.ts';
import { errorWithoutSecrets } from './masked-errors.ts';
import { ownRpcError } from './own-error.ts';

/** One answer to one call: its bytes with the client's own id, and where they come from. */
export interface AnswerItem {
  readonly bytes: Buffer;
  readonly upstream: Upstream | undefined;
  /** The answer that it stands in; undefined for one of our own making. */
  readonly answered: Answered | undefined;
  /** The bytes are the upstream's, unchanged. */
  readonly verbatim: boolean;
  /** The HTTP status that goes with it when nothing else is answered. */
  readonly status: number;
}

/** One call of a JSON-RPC request that wants an answer, and what became of it. */
export interface CallEntry {
  readonly call: RpcCall;
  readonly repeat: Repeatability;
  /** Only this upstream can answer it: it keeps the filter that the call asks for. */
  readonly home: Upstream | undefined;
  /** open -> answered | lost. Lost: an upstream may have done it, and it may not be done twice. */
  state: 'open' | 'answered' | 'lost';
  answer: AnswerItem | undefined;
  /** The first error that tells the client something, should nobody do better. */
  firstError: AnswerItem | undefined;
  /** Attempts that were refused for a rate limit, and all of them. */
  rateLimits: number;
  attempts: number;
  /** Why it is answered by us. */
  ownCode: AnswerCode | undefined;
}

/** Where a judgement's answers come from. */
export interface Source {
  /** Undefined when the attempt brought none. */
  readonly answered: Answered | undefined;
  readonly upstream: Upstream;
}

/** What a call is known to be before anybody is asked. */
export type Placement =
  | { readonly kind: 'anywhere' }
  | { readonly kind: 'home'; readonly upstream: Upstream }
  /** It is answered by us. */
  | { readonly kind: 'own-error'; readonly code: AnswerCode };

export class Ledger {
  readonly rpc: RpcRequest;
  readonly body: Buffer;
  readonly entries: readonly CallEntry[];
  #hasNotifications: boolean;
  #exact: { readonly answered: Answered; readonly upstream: Upstream } | undefined;

  constructor(rpc: RpcRequest, body: Buffer, place: (call: RpcCall) => Placement) {
    this.rpc = rpc;
    this.body = body;
    const entries: CallEntry[] = [];
    for (const call of rpc.calls) {
      if (call.method !== undefined && call.idStart < 0) continue;
      entries.push(this.#enter(call, place(call)));
    }
    this.entries = entries;
    this.#hasNotifications = entries.length < rpc.calls.length;
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

  /** The one upstream's answer that answers all of this as it stands. */
  get exact(): { readonly answered: Answered; readonly upstream: Upstream } | undefined {
    return this.#exact;
  }

  /** A call still wants an answer. */
  get hasOpen(): boolean {
    return this.entries.some((entry) => entry.state === 'open');
  }

  /** Nothing is left to be sent. */
  get done(): boolean {
    return !this.#hasNotifications && !this.hasOpen;
  }

  /** An upstream has taken the notifications, or may have. */
  endNotifications(): void {
    this.#hasNotifications = false;
  }

  /** The body that asks for these entries: the client's own bytes when nothing is left out. */
  payload(asked: readonly CallEntry[]): Buffer {
    const { rpc, body } = this;
    const isWhole = this.#hasNotifications || this.entries.length === rpc.calls.length;
    if (asked.length === this.entries.length && isWhole) return body;
    const calls = new Set(asked.map((entry) => entry.call));
    const parts: Buffer[] = [];
    for (const call of rpc.calls) {
      const isNotification = call.method !== undefined && call.idStart < 0;
      if (!calls.has(call) && !(isNotification && this.#hasNotifications)) continue;
      parts.push(Buffer.from(parts.length === 0 ? '[' : ','), body.subarray(call.start, call.end));
    }
    return Buffer.concat([...parts, Buffer.from(']')]);
  }

  /** Takes down what an attempt brought. */
  record(asked: readonly CallEntry[], judgement: CallsJudgement, source: Source): void {
    if (judgement.oneByOne || !judgement.verdicts.every(isUntouched)) this.endNotifications();
    for (let index = 0; index < asked.length; index += 1) {
      const entry = asked[index];
      const verdict = judgement.verdicts[index];
      // What comes late for a call that is settled says nothing new.
      if (entry?.state === 'open' && verdict) this.#recordOne(entry, verdict, judgement.text, source);
    }
    const whole = judgement.exact && asked.length === this.entries.length && source.answered !== undefined;
    if (whole && asked.every(({ answer }) => answer?.answered === source.answered && answer?.verbatim)) {
      this.#exact = { answered: source.answered, upstream: source.upstream };
    }
  }

  settle(entry: CallEntry, item: AnswerItem): void {
    entry.state = 'answered';
    entry.answer = item;
    this.#exact = undefined;
  }

  /** The answer can't be used after all: another upstream may have one. */
  reopen(entry: CallEntry): void {
    entry.state = 'open';
    entry.answer = undefined;
    this.#exact = undefined;
  }

  /** What an upstream has said to a call, or we before anybody was asked. */
  said(entry: CallEntry): AnswerItem | undefined {
    // What one said before another may have done it is not what became of it.
    return entry.answer ?? (entry.state === 'lost' ? undefined : entry.firstError);
  }

  #recordOne(entry: CallEntry, verdict: CallVerdict, text: Buffer, source: Source): void {
    entry.attempts += 1;
    switch (verdict.kind) {
      case 'open':
        if (verdict.rateLimited) entry.rateLimits += 1;
        if (verdict.error) entry.firstError ??= this.#item(entry, verdict.error, text, source);
        break;
      case 'lost':
        entry.state = 'lost';
        break;
      case 'settle':
      case 'known':
      case 'nonce': {
        const item = this.#item(entry, verdict.answer, text, source);
        // Of several errors the first that told something goes to the client.
        this.settle(entry, verdict.isError ? (entry.firstError ?? item) : item);
        break;
      }
      default:
        verdict satisfies never;
    }
  }

  #enter(call: RpcCall, placement: Placement): CallEntry {
    const own = placement.kind === 'own-error' ? ownRpcError(placement.code, this.idOf(call)) : undefined;
    return {
      call,
      repeat: mayRepeat(call) ? 'always' : 'unsent',
      home: placement.kind === 'home' ? placement.upstream : undefined,
      state: own ? 'answered' : 'open',
      answer: own && { bytes: own, upstream: undefined, answered: undefined, verbatim: false, status: 200 },
      firstError: undefined,
      rateLimits: 0,
      attempts: 0,
      ownCode: placement.kind === 'own-error' ? placement.code : undefined,
    };
  }

  /** The bytes of a call's id; `null` where it has none. */
  idOf(call: RpcCall): Buffer {
    return call.idStart < 0 ? Buffer.from('null') : this.body.subarray(call.idStart, call.idEnd);
  }

  #item(entry: CallEntry, answer: RpcAnswer, text: Buffer, { answered, upstream }: Source): AnswerItem {
    const status = answered?.status ?? 200;
    const shown = errorWithoutSecrets(text, answer, upstream);
    if (!shown && hasSameBytes(text, answer, this.body, entry.call)) {
      return new Verbatim(text, answer, { answered, upstream });
    }
    const id = this.idOf(entry.call);
    const beforeId = shown?.beforeId ?? text.subarray(answer.start, answer.idStart);
    const afterId =
      shown?.afterId ?? text.subarray(answer.idStart < 0 ? answer.start : answer.idEnd, answer.end);
    const parts =
      answer.idStart < 0
        ? [Buffer.from('{"id":'), id, Buffer.from(','), afterId.subarray(1)]
        : [beforeId, id, afterId];
    return { bytes: Buffer.concat(parts), upstream, answered, verbatim: false, status };
  }
}

/** An item as it stands in an answer. Its bytes are cut out only where they are asked for, which is seldom. */
class Verbatim implements AnswerItem {
  readonly verbatim = true;
  readonly upstream: Upstream;
  readonly answered: Answered | undefined;
  readonly #text: Buffer;
  readonly #answer: RpcAnswer;

  constructor(text: Buffer, answer: RpcAnswer, { answered, upstream }: Source) {
    this.#text = text;
    this.#answer = answer;
    this.answered = answered;
    this.upstream = upstream;
  }

  get status(): number {
    return this.answered?.status ?? 200;
  }

  get bytes(): Buffer {
    return this.#text.subarray(this.#answer.start, this.#answer.end);
  }
}

/** The upstream did nothing of what it was asked for. */
function isUntouched(verdict: CallVerdict): boolean {
  return verdict.kind === 'open' && verdict.error === undefined && !verdict.uncertain;
}
