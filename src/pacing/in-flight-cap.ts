/** Finds out that an upstream limits the calls in flight, not their rate, and how many it allows. */

/** Higher caps are no different from a rate. */
const MAX_CAP = 64;
/** Sends that are remembered, so that an answer is known to be to one that was sent with so many in flight. */
const REMEMBERED = 512;
/** After so long what was counted counts half. */
const LATELY_MS = 2_000;
/** Refusals closer to each other have one reason. */
const APART_MS = 100;
/** So many refusals that a cap explains show one; further ones make it more certain. */
const CLUES = 2;
const MOST_CLUES = 4;
/** One of several sees only a part of what is refused: what has not shown in so long is a chance, or takes more clues. */
const FOUND_MS = 20_000;
const LATER_CLUES = 4;
/** So many probes in a row are accepted where more is allowed; a single one may just arrive after another call has left. */
const PROBES = 3;
/** Where only calls in flight are limited, there is always one that is accepted. */
const MOST_IN_A_ROW = 8;

/**
 * Where calls in flight are limited, of those that were sent with as many in flight as the refused one a good part
 * is refused. Where a rate is limited, nearly all are accepted. What is on its way is in flight here, but not there.
 */
export class InFlightCap {
  #inFlight = 0;
  #cap = Infinity;
  readonly #sentAtMs = new Float64Array(REMEMBERED).fill(-1);
  readonly #inFlightAtSend = new Uint16Array(REMEMBERED);
  #next = 0;
  /** By how many were in flight when they were sent: those accepted and those refused lately. */
  readonly #accepted = new Float64Array(MAX_CAP + 1);
  readonly #refused = new Float64Array(MAX_CAP + 1);
  #fadedMs = 0;
  /** Nothing is compared before the first refusal. */
  #isWatching = false;
  #firstMs = 0;
  #clues = 0;
  #clueMs = -Infinity;
  /** Something was accepted since the last clue. */
  #hasPassed = true;
  /** The fewest in flight of those that were refused as a cap would. */
  #least = Infinity;
  #probeMs = -1;
  /** Probes in a row that were accepted. */
  #probes = 0;
  /** Refusals since something was accepted. */
  #inARow = 0;

  /** Others send there, too. */
  hasOthers = false;

  /** Infinity while none is known. */
  get cap(): number {
    return this.#cap;
  }

  /** Refusals have shown it again and again. */
  get isSure(): boolean {
    return this.#cap !== Infinity && this.#clues >= MOST_CLUES;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Whether one more would be one too many; one more than the cap is a probe, of which there is one at a time. */
  isFull(mayProbe: boolean): boolean {
    return this.#inFlight >= this.#cap + (mayProbe && this.#probeMs < 0 ? 1 : 0);
  }

  sent(nowMs: number): void {
    if (this.#inFlight >= this.#cap && this.#probeMs < 0) this.#probeMs = nowMs;
    this.#sentAtMs[this.#next] = nowMs;
    this.#inFlightAtSend[this.#next] = Math.min(MAX_CAP, this.#inFlight);
    this.#next = (this.#next + 1) % REMEMBERED;
    this.#inFlight += 1;
  }

  /** It ended without news of the limit. */
  lost(sentMs: number): void {
    this.#ended();
    if (sentMs === this.#probeMs) this.#probeMs = -1;
  }

  accepted(sentMs: number): void {
    this.#ended();
    this.#inARow = 0;
    this.#hasPassed = true;
    if (!this.#isWatching) return;
    const inFlight = this.#inFlightOf(sentMs);
    if (inFlight >= 0) this.#accepted[inFlight] = (this.#accepted[inFlight] ?? 0) + 1;
    if (sentMs !== this.#probeMs) return;
    this.#probeMs = -1;
    this.#probes += 1;
    if (this.#probes < PROBES) return;
    this.#probes = 0;
    this.#cap += 1;
    if (this.#cap > MAX_CAP) this.forget();
  }

  /** Returns whether a cap explains the refusal. */
  refused(sentMs: number, nowMs: number): boolean {
    this.#ended();
    if (!this.#isWatching) this.#firstMs = nowMs;
    this.#isWatching = true;
    this.#inARow += 1;
    if (sentMs === this.#probeMs) {
      this.#probeMs = -1;
      this.#probes = 0;
    }
    const most = this.#mostInFlightSince(sentMs);
    const inFlight = this.#inFlightOf(sentMs);
    if (this.#inARow > MOST_IN_A_ROW) this.forget();
    if (inFlight < 0) return this.#cap !== Infinity;
    this.#fade(nowMs);
    this.#refused[inFlight] = (this.#refused[inFlight] ?? 0) + 1;
    return this.#cap === Infinity ? this.#suspect(inFlight, nowMs) : this.#check(most, nowMs);
  }

  #suspect(inFlight: number, nowMs: number): boolean {
    // What was the only one in flight was not one too many.
    const isClue = inFlight > 0 && this.#inARow <= MOST_IN_A_ROW && this.#areManyRefused(inFlight);
    if (isClue) this.#least = Math.min(this.#least, inFlight);
    // Where everything is refused a window is full.
    if (nowMs - this.#clueMs < APART_MS || !this.#hasPassed) return false;
    this.#clueMs = nowMs;
    this.#hasPassed = false;
    this.#clues = Math.max(0, this.#clues + (isClue ? 1 : -1));
    const isLate = this.hasOthers && nowMs - this.#firstMs > FOUND_MS;
    if (this.#clues < (isLate ? LATER_CLUES : CLUES)) return false;
    this.#cap = this.#least;
    return true;
  }

  /** Fewer are allowed than was thought, or it is a rate that is limited after all. */
  #check(inFlight: number, nowMs: number): boolean {
    const isApart = nowMs - this.#clueMs >= APART_MS;
    this.#clueMs = nowMs;
    if (inFlight >= this.#cap) {
      if (isApart) this.#clues = Math.min(MOST_CLUES, this.#clues + 1);
      return true;
    }
    if (!this.#areManyRefused(inFlight)) this.#clues -= 1;
    this.#cap = inFlight;
    if (this.#clues > 0 && inFlight > 0) return true;
    this.forget();
    return false;
  }

  /** Whether a third of those sent with as many in flight, or more, were refused lately. */
  #areManyRefused(inFlight: number): boolean {
    let accepted = 0;
    let refused = 0;
    for (let each = inFlight; each <= MAX_CAP; each += 1) {
      accepted += this.#accepted[each] ?? 0;
      refused += this.#refused[each] ?? 0;
    }
    return refused > 0.5 * accepted;
  }

  #fade(nowMs: number): void {
    if (nowMs - this.#fadedMs < LATELY_MS) return;
    const isLongAgo = nowMs - this.#fadedMs > 8 * LATELY_MS;
    this.#fadedMs = nowMs;
    for (let each = 0; each <= MAX_CAP; each += 1) {
      this.#accepted[each] = isLongAgo ? 0 : (this.#accepted[each] ?? 0) / 2;
      this.#refused[each] = isLongAgo ? 0 : (this.#refused[each] ?? 0) / 2;
    }
  }

  /**
   * The most that were in flight when it or one after it was sent: on connections of their own, later ones arrive first at
   * times.
   */
  #mostInFlightSince(sentMs: number): number {
    let most = -1;
    for (let back = 1; back <= REMEMBERED; back += 1) {
      const at = (this.#next - back + REMEMBERED) % REMEMBERED;
      if ((this.#sentAtMs[at] ?? -1) < sentMs - 1e-6) break;
      most = Math.max(most, this.#inFlightAtSend[at] ?? -1);
    }
    return most;
  }

  /** How many were in flight when it was sent; -1 if it is not remembered. */
  #inFlightOf(sentMs: number): number {
    for (let back = 1; back <= REMEMBERED; back += 1) {
      const at = (this.#next - back + REMEMBERED) % REMEMBERED;
      const atMs = this.#sentAtMs[at] ?? -1;
      if (atMs === sentMs) {
        // Two sent in the same instant are not told apart otherwise.
        this.#sentAtMs[at] = sentMs - 1e-9;
        return this.#inFlightAtSend[at] ?? -1;
      }
      if (atMs < sentMs - 1) return -1;
    }
    return -1;
  }

  #ended(): void {
    if (this.#inFlight > 0) this.#inFlight -= 1;
  }

  /** There is no cap after all. */
  forget(): void {
    this.#cap = Infinity;
    this.#clues = 0;
    this.#least = Infinity;
  }
}
