/** The answer to one call, with the client's own id. */

import type { RpcAnswer } from '../rpc/message.ts';
import type { Answered } from '../transport/outcome.ts';
import type { Upstream } from '../upstreams/upstream.ts';

/** The answer to one call: its bytes with the client's own id, and their origin. */
export interface AnswerItem {
  readonly bytes: Buffer;
  readonly upstream: Upstream | undefined;
  /** The answer that holds it; undefined for an item that we wrote ourselves. */
  readonly answered: Answered | undefined;
  /** The bytes are the upstream's own, unchanged. */
  readonly verbatim: boolean;
  /** Others that have a part in it, where it was put together. */
  readonly others?: readonly Upstream[];
  /** The HTTP status if this item is the whole answer. */
  readonly status: number;
}

/** The attempt that a judgement's answers come from. */
export interface Source {
  /** Undefined when the attempt brought no answer. */
  readonly answered: Answered | undefined;
  readonly upstream: Upstream;
}

/** An item as the upstream wrote it. Its bytes are cut out of the answer only on demand, which is rare. */
export class VerbatimItem implements AnswerItem {
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
