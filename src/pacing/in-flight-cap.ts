/** Finds out that an upstream limits the calls in flight, not their rate, and how many it allows. */

/** Higher caps are no different from a rate. */
const MAX_CAP = 64;
/** Sends that are remembered, so that a refusal is known to be of one that was sent with so many in flight. */
const REMEMBERED = 512;
/** Fewest refusals that show a cap. */
const FEWEST_REFUSALS = 3;
/** From here on what was counted counts half, so that old times do not decide. */
const MANY = 512;

/**
 * Where calls in flight are limited, what is sent with few in flight is accepted and what is sent with many is refused.
 * Where a rate is limited, calls sent with as many in flight as the refused ones are mostly accepted.
 */
export class InFlightCap {
  #inFlight = 0;
  #cap = Infinity;
  readonly #sentAtMs = new Float64Array(REMEMBERED).fill(-1);
  readonly #inFlightAtSend = new Uint16Array(REMEMBERED);
  #next = 0;
  /** By how many were in flight: those sent, those refused. */
  readonly #sent = new Float64Array(MAX_CAP + 1);
  readonly #refused = new Float64Array(MAX_CAP + 1);
  #total = 0;
  #probeMs = -1;

  get cap(): number {
    return this.#cap;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Whether one more would be one too many; one more than the cap is a probe. */
  isFull(mayProbe: boolean): boolean {
    return this.#inFlight >= this.#cap + (mayProbe && this.#probeMs < 0 ? 1 : 0);
  }

  sent(nowMs: number): void {
    const inFlight = Math.min(MAX_CAP, this.#inFlight);
    if (this.#inFlight >= this.#cap && this.#probeMs < 0) this.#probeMs = nowMs;
    this.#sentAtMs[this.#next] = nowMs;
    this.#inFlightAtSend[this.#next] = inFlight;
    this.#next = (this.#next + 1) % REMEMBERED;
    this.#sent[inFlight] = (this.#sent[inFlight] ?? 0) + 1;
    this.#inFlight += 1;
    this.#total += 1;
    if (this.#total >= MANY) this.#fade();
  }

  /** Without news; a probe that told nothing makes way for another one. */
  lost(sentMs: number): void {
    this.#ended();
    if (sentMs === this.#probeMs) this.#probeMs = -1;
  }

  answered(sentMs: number): void {
    this.#ended();
    if (sentMs !== this.#probeMs) return;
    this.#probeMs = -1;
    this.#cap += 1;
    if (this.#cap > MAX_CAP) this.#forget();
  }

  /** Returns whether the cap explains the refusal. */
  refused(sentMs: number): boolean {
    this.#ended();
    const at = this.#find(sentMs);
    if (at < 0) return this.#cap !== Infinity;
    const inFlight = this.#inFlightAtSend[at] ?? 0;
    // Two sent in the same instant are not told apart otherwise.
    this.#sentAtMs[at] = -1;
    this.#refused[inFlight] = (this.#refused[inFlight] ?? 0) + 1;
    if (sentMs === this.#probeMs) this.#probeMs = -1;
    if (inFlight >= this.#cap) return true;
    this.#cap = this.#found();
    return inFlight >= this.#cap;
  }

  /** The fewest in flight at which calls were refused, if most calls with as many or more were. */
  #found(): number {
    let least = 0;
    while (least <= MAX_CAP && (this.#refused[least] ?? 0) < 0.5) least += 1;
    if (least === 0 || least >= MAX_CAP) return Infinity;
    let sent = 0;
    let refused = 0;
    for (let inFlight = least; inFlight <= MAX_CAP; inFlight += 1) {
      sent += this.#sent[inFlight] ?? 0;
      refused += this.#refused[inFlight] ?? 0;
    }
    return refused >= FEWEST_REFUSALS && refused > 0.6 * sent ? least : Infinity;
  }

  /** Where the send is remembered; -1 if it is not. */
  #find(sentMs: number): number {
    for (let back = 1; back <= REMEMBERED; back += 1) {
      const at = (this.#next - back + REMEMBERED) % REMEMBERED;
      const atMs = this.#sentAtMs[at] ?? -1;
      if (atMs === sentMs) return at;
      if (atMs >= 0 && atMs < sentMs) return -1;
    }
    return -1;
  }

  #ended(): void {
    if (this.#inFlight > 0) this.#inFlight -= 1;
  }

  #fade(): void {
    for (let inFlight = 0; inFlight <= MAX_CAP; inFlight += 1) {
      this.#sent[inFlight] = (this.#sent[inFlight] ?? 0) / 2;
      this.#refused[inFlight] = (this.#refused[inFlight] ?? 0) / 2;
    }
    this.#total = 0;
  }

  #forget(): void {
    this.#cap = Infinity;
    this.#sent.fill(0);
    this.#refused.fill(0);
  }
}
