/** Asks for a request in pieces, each of which is a request of its own, and puts their answers together. */

import type { AnswerItem } from '../calls/answer-item.ts';
import { holdsLogs, isResult, joinLogs } from '../calls/join-logs.ts';
import type { CallEntry, Ledger } from '../calls/ledger.ts';
import type { Pool } from '../pools/pool.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import { type Cut, cut } from './cut.ts';
import type { Ending } from './ending.ts';
import type { EndsWithClient, Exchange } from './exchange.ts';
import { learnBatch } from './learn-sizes.ts';
import { Race } from './race.ts';
import { isOutOfTime, search } from './search.ts';

/** How many pieces of one request are asked for at a time, so that it does not shut out others; one where they wait. */
const AT_ONCE = 4;
const OUT_OF_TIME: Ending = { kind: 'refuse', code: 'REQUEST_TIMED_OUT' };

/**
 * What became of a request whose search has ended: the same ending, or, where calls are left that were too large for
 * every upstream, what their pieces have brought.
 */
export function inPieces(exchange: Exchange, ending: Ending, pool: Pool): Ending | Promise<Ending> {
  const cuts = cutsAfter(exchange, ending, pool);
  if (cuts.length === 0) return ending;
  if (ending.kind === 'ledger') ending.last?.answered.stream?.cancel();
  return new Pieces(exchange, pool).ask(cuts);
}

function cutsAfter(exchange: Exchange, { kind }: Ending, pool: Pool): readonly Cut[] {
  return kind === 'ledger' && !isOutOfTime(exchange, pool) ? cut(exchange, pool) : [];
}

/** A piece of the request, or the request itself, and the cuts that it was divided by. */
interface Piece {
  readonly exchange: Exchange;
  /** Of which cut it is a part; undefined for the request itself. */
  readonly of: Group | undefined;
  /** How many of its own cuts are not put together. */
  open: number;
  race: Race | undefined;
  isOver: boolean;
}

/** The pieces of one cut. */
interface Group {
  readonly cut: Cut;
  readonly owner: Piece;
  readonly pieces: Piece[];
  left: number;
}

class Pieces implements EndsWithClient {
  readonly #pool: Pool;
  readonly #request: Piece;
  /** Those that nobody was asked for yet; the next one is the last. */
  readonly #waiting: Piece[] = [];
  /** Those that are asked for. */
  readonly #underWay = new Set<Piece>();
  /** The first piece goes alone: what it shows of the upstreams holds for the others. */
  #atOnce = 1;
  #resolve: (ending: Ending) => void = () => {};
  #reject: (error: unknown) => void = () => {};

  constructor(exchange: Exchange, pool: Pool) {
    this.#pool = pool;
    this.#request = { exchange, of: undefined, open: 0, race: undefined, isOver: false };
  }

  ask(cuts: readonly Cut[]): Promise<Ending> {
    this.#request.exchange.underWay = this;
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.#divide(this.#request, cuts);
      this.#askNext();
    });
  }

  onClientLeft(): void {
    this.#waiting.length = 0;
    for (const { race } of this.#underWay) race?.onClientLeft();
    this.#resolve({ kind: 'client-left' });
  }

  #divide(owner: Piece, cuts: readonly Cut[]): void {
    owner.open = cuts.length;
    const pieces = cuts.flatMap((made) => {
      const group: Group = { cut: made, owner, pieces: [], left: made.parts.length };
      for (const exchange of made.parts)
        group.pieces.push({ exchange, of: group, open: 0, race: undefined, isOver: false });
      return group.pieces;
    });
    // In order, and before what comes after their owner: what they show is known by then.
    this.#waiting.push(...pieces.reverse());
  }

  #askNext(): void {
    while (this.#underWay.size < this.#atOnce) {
      const piece = this.#waiting.pop();
      if (!piece) return;
      if (piece.isOver) continue;
      if (isOutOfTime(piece.exchange, this.#pool)) this.#settle(piece, OUT_OF_TIME);
      else this.#askFor(piece);
    }
  }

  #askFor(piece: Piece): void {
    const { exchange } = piece;
    const race = new Race(exchange, this.#pool);
    piece.race = race;
    this.#underWay.add(piece);
    search(exchange, this.#pool, race)
      .then((ending) => this.#onEnd(piece, ending))
      .catch((error) => this.#onDefect(error));
  }

  #onEnd(piece: Piece, ending: Ending): void {
    // One that was abandoned meanwhile.
    if (!this.#underWay.delete(piece)) return;
    this.#request.exchange.queuedMs += piece.exchange.queuedMs;
    if (ending.kind === 'client-left') this.onClientLeft();
    else {
      this.#settle(piece, ending);
      this.#askNext();
    }
  }

  #settle(piece: Piece, ending: Ending): void {
    const { exchange } = piece;
    if (ending.kind === 'deliver') ending.answered.stream?.cancel();
    if (ending.kind === 'ledger' || ending.kind === 'failed') ending.last?.answered.stream?.cancel();
    noteCodes(exchange, ending, this.#pool);
    const cuts = cutsAfter(exchange, ending, this.#pool);
    if (cuts.length > 0) this.#divide(piece, cuts);
    else this.#close(piece);
  }

  /** A piece has all that it will get. */
  #close(piece: Piece): void {
    piece.isOver = true;
    const { of: group } = piece;
    if (!group) {
      const { ledger } = piece.exchange;
      if (ledger) this.#resolve({ kind: 'ledger', ledger, last: undefined });
      return;
    }
    const isGood = hasAnswers(piece);
    if (isGood) this.#atOnce = piece.exchange.queuedMs > 0 ? 1 : AT_ONCE;
    group.left -= 1;
    // What is missing in the middle makes all of a range useless.
    const isUseless = group.cut.kind === 'range' && !isGood;
    if (isUseless) for (const other of group.pieces) this.#abandon(other);
    if (group.left > 0 && !isUseless) return;
    putTogether(group, piece, this.#pool);
    group.owner.open -= 1;
    if (group.owner.open === 0) this.#close(group.owner);
  }

  #abandon(piece: Piece): void {
    if (piece.isOver) return;
    piece.isOver = true;
    if (this.#underWay.delete(piece)) piece.race?.end(undefined);
    for (const other of [...this.#waiting, ...this.#underWay])
      if (isWithin(other, piece)) this.#abandon(other);
  }

  #onDefect(error: unknown): void {
    this.#waiting.length = 0;
    for (const piece of [...this.#underWay]) this.#abandon(piece);
    this.#reject(error);
  }
}

/** Whether a piece was cut out of another one. */
function isWithin({ of }: Piece, whole: Piece): boolean {
  return of !== undefined && (of.owner === whole || isWithin(of.owner, whole));
}

/** Why the calls of a piece have no answer, where that is not seen in what they got. */
function noteCodes(exchange: Exchange, ending: Ending, { availability, queue }: Pool): void {
  if (queue.isClosed) return;
  const lacksRoom = exchange.lackedRoom || availability.onlyRateLimited();
  for (const entry of exchange.ledger?.entries ?? []) {
    if (entry.state !== 'open') continue;
    if (ending.kind === 'refuse') entry.ownCode = ending.code;
    else if (entry.attempts === 0 && lacksRoom) entry.ownCode = 'RATE_LIMITED';
  }
}

/** Whether upstreams have answered all that was asked for. */
function hasAnswers({ exchange, of }: Piece): boolean {
  const entries = exchange.ledger?.entries ?? [];
  return entries.every(({ answer }) => answer?.upstream && (of?.cut.kind !== 'range' || holdsLogs(answer)));
}

/** The answer to the calls that a cut was made of. `last` is the piece that ended last: one that failed decides. */
function putTogether({ cut: { kind, entries }, owner, pieces }: Group, last: Piece, pool: Pool): void {
  const { ledger } = owner.exchange;
  if (!ledger) return;
  if (kind === 'range') {
    const [entry] = entries;
    if (entry) putRange(ledger, entry, pieces, last);
    return;
  }
  const answered = pieces.flatMap(({ exchange }) => exchange.ledger?.entries ?? []);
  for (const [index, entry] of entries.entries()) {
    const piece = answered[index];
    if (piece) ledger.take(entry, piece);
  }
  for (const { upstream, size } of owner.exchange.batchRefusals) {
    const done = pieces
      .filter(({ exchange }) => isDoneBy(exchange, upstream))
      .map(({ exchange }) => sizeOf(exchange));
    if (done.length === pieces.length) learnBatch(upstream, size, Math.max(...done), pool);
  }
}

/** Whether all calls got their results there. */
function isDoneBy({ ledger }: Exchange, upstream: Upstream): boolean {
  const entries = ledger?.entries ?? [];
  return entries.every(({ answer }) => answer?.upstream === upstream && isResult(answer));
}

function sizeOf({ rpc }: Exchange): number {
  return rpc?.calls.length ?? 0;
}

function putRange(ledger: Ledger, entry: CallEntry, pieces: readonly Piece[], last: Piece): void {
  const [failed] = hasAnswers(last) ? [] : (last.exchange.ledger?.entries ?? []);
  if (failed) {
    ledger.take(entry, failed);
    return;
  }
  const items = pieces.flatMap(({ exchange }): AnswerItem[] => {
    const answer = exchange.ledger?.entries[0]?.answer;
    return answer ? [answer] : [];
  });
  ledger.settle(entry, joinLogs(items, ledger.idOf(entry.call)));
}
