// A provider's limiter: a shape, what calls cost, and what a refusal brings along.
export class Limiter {
  #bannedUntilMs = -Infinity;

  /**
   * @param shape one of lib/limits.mjs
   * @param costOf units of a method
   * @param banMs how long each refusal refuses everything
   * @param restMs what a refusal tells: how long to wait, of the time and the shape
   * @param headers what each answer tells
   */
  constructor({ shape, costOf = () => 1, banMs = 0, restMs, headers }) {
    Object.assign(this, { shape, costOf, banMs, restMs, headers });
  }
  arrives(method, nowMs) {
    const headers = this.headers && ((atMs) => this.headers(this.shape, atMs));
    const accepted = nowMs >= this.#bannedUntilMs && this.shape.take(this.costOf(method), nowMs);
    if (accepted) return { accepted, headers };
    if (this.banMs > 0) this.#bannedUntilMs = nowMs + this.banMs;
    return { accepted, headers, restMs: this.restMs?.(this.shape, nowMs, this.#bannedUntilMs) };
  }
  leaves(method, nowMs) {
    this.shape.leaves?.(method, nowMs);
  }
}
