// What others do, by their published rules (docs/decisions/0014-learnt-budgets.md names the sources).

/** Sends whatever comes. */
export class NoPacing {
  freeAtMs() {
    return -Infinity;
  }
  sent() {}
  answered() {}
  refused() {}
  lost() {}
}

/** Leaves a refusing upstream alone for 1 s, doubled for each further refusal, up to 30 s: a quarantine. */
export class Resting extends NoPacing {
  #untilMs = -Infinity;
  #endedMs = -Infinity;
  #restMs = 1000;
  freeAtMs() {
    return this.#untilMs;
  }
  answered(_calls, sentMs) {
    if (sentMs >= this.#endedMs) this.#restMs = 1000;
  }
  refused(_calls, sentMs, nowMs, restMs) {
    if (sentMs < this.#untilMs) return;
    this.#endedMs = this.#untilMs;
    this.#untilMs = nowMs + (restMs ?? this.#restMs);
    this.#restMs = Math.min(30_000, this.#restMs * 2);
  }
}

/** AWS SDKs' adaptive mode: CUBIC on the send rate, off until the first refusal. */
export class AwsAdaptive extends NoPacing {
  #fillRate = 0;
  #isOn = false;
  #nextAtMs = -Infinity;
  #lastMax = 0;
  #throttledMs = 0;
  #measured = 0;
  #bucket = 0;
  #count = 0;
  #k = 0;
  freeAtMs() {
    return this.#isOn ? this.#nextAtMs : -Infinity;
  }
  sent(_calls, nowMs) {
    if (this.#isOn) this.#nextAtMs = Math.max(this.#nextAtMs, nowMs) + 1000 / this.#fillRate;
  }
  #measure(nowMs) {
    const bucket = Math.floor(nowMs / 500) / 2;
    this.#count += 1;
    if (bucket <= this.#bucket) return;
    this.#measured = 0.8 * (this.#count / (bucket - this.#bucket)) + 0.2 * this.#measured;
    this.#count = 0;
    this.#bucket = bucket;
  }
  answered(_calls, _sentMs, nowMs) {
    this.#measure(nowMs);
    if (!this.#isOn) return;
    const rate = 0.4 * ((nowMs - this.#throttledMs) / 1000 - this.#k) ** 3 + this.#lastMax;
    this.#fillRate = Math.max(0.5, Math.min(rate, 2 * this.#measured));
  }
  refused(_calls, _sentMs, nowMs) {
    this.#measure(nowMs);
    const rate = this.#isOn ? Math.min(this.#measured, this.#fillRate) : this.#measured;
    this.#lastMax = rate;
    this.#k = Math.cbrt((rate * 0.3) / 0.4);
    this.#throttledMs = nowMs;
    this.#fillRate = Math.max(0.5, 0.7 * rate);
    this.#isOn = true;
  }
}

/** Ponder's: 5 % less by a refusal, 5 % more after 5 s and enough calls without one, from 20/s. */
export class Ponder extends NoPacing {
  #rps = 20;
  #nextAtMs = -Infinity;
  #good = 0;
  #changedMs = 0;
  #restUntilMs = -Infinity;
  #restMs = 100;
  freeAtMs() {
    return Math.max(this.#nextAtMs, this.#restUntilMs);
  }
  sent(_calls, nowMs) {
    this.#nextAtMs = Math.max(this.#nextAtMs, nowMs) + 1000 / this.#rps;
  }
  answered(_calls, sentMs, nowMs) {
    if (sentMs >= this.#restUntilMs) this.#restMs = 100;
    this.#good += 1;
    if (this.#good < 5 * this.#rps || nowMs - this.#changedMs < 5000) return;
    this.#rps *= 1.05;
    this.#good = 0;
    this.#changedMs = nowMs;
  }
  refused(_calls, sentMs, nowMs) {
    this.#good = 0;
    if (sentMs < this.#restUntilMs) return;
    this.#rps = Math.max(1, this.#rps * 0.95);
    this.#changedMs = nowMs;
    this.#restUntilMs = nowMs + this.#restMs;
    this.#restMs = Math.min(5000, this.#restMs * 2);
  }
}

/** eRPC's tuner: a configured budget per second, 5 % less each minute with more than 10 % refused, else 5 % more. */
export class ErpcTuner extends NoPacing {
  #second = -1;
  #used = 0;
  #all = 0;
  #refused = 0;
  #minute = 0;
  constructor(budget) {
    super();
    this.budget = budget;
    this.most = budget;
  }
  freeAtMs(nowMs) {
    return Math.floor(nowMs / 1000) === this.#second && this.#used >= Math.max(1, Math.floor(this.budget))
      ? (this.#second + 1) * 1000
      : -Infinity;
  }
  sent(_calls, nowMs) {
    const second = Math.floor(nowMs / 1000);
    if (second !== this.#second) [this.#second, this.#used] = [second, 0];
    this.#used += 1;
  }
  #count(nowMs) {
    this.#all += 1;
    if (nowMs < this.#minute + 60_000) return;
    const share = this.#refused / this.#all;
    this.budget = share > 0.1 ? this.budget * 0.95 : Math.min(this.most, this.budget * 1.05);
    [this.#all, this.#refused, this.#minute] = [0, 0, nowMs];
  }
  answered(_calls, _sentMs, nowMs) {
    this.#count(nowMs);
  }
  refused(_calls, _sentMs, nowMs) {
    this.#refused += 1;
    this.#count(nowMs);
  }
}

/** Heading of the column, and a controller for a kind of limiter. */
export const rivals = [
  ['no pacing', () => new NoPacing()],
  ['resting 1-30 s', () => new Resting()],
  ['AWS adaptive', () => new AwsAdaptive()],
  ['ponder', () => new Ponder()],
  ['eRPC, right', (kind) => new ErpcTuner(kind.rps)],
  ['eRPC, 2 × wrong', (kind) => new ErpcTuner(2 * kind.rps)],
];
