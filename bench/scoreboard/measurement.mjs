/** The value that this share (0 to 1) of the sorted ones stays at or under. NaN of nothing. */
export function percentile(sorted, share) {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

/** Calls that were sent later than that make latencies doubtful. */
const LATE_MS = 10;
const total = (numbers) => numbers.reduce((sum, number) => sum + number, 0);
const UPSTREAM = ['accepted', 'refused', 'failed'];

/**
 * What one run has brought. `counts`: the providers' counts at the start and after each phase; `report`: that of
 * the fleet. A call belongs to the phase in which it was due.
 */
export class Measurement {
  #phases;
  #report;

  constructor(phases, counts, report) {
    let endMs = 0;
    this.#report = report;
    this.#phases = phases.map((phase, index) => {
      const beginMs = endMs;
      endMs += phase.seconds * 1_000;
      const upstream = UPSTREAM.map((what) => [what, counts[index + 1][what] - counts[index][what]]);
      return { ...phase, beginMs, endMs, upstream: Object.fromEntries(upstream) };
    });
  }

  /** What the table shows: all phases that are marked so, together. */
  get measured() {
    return this.#figures(this.#phases.filter(({ measured }) => measured));
  }

  /** All phases together. */
  get whole() {
    return this.#figures(this.#phases);
  }

  phase(index) {
    return this.#figures([this.#phases[index]]);
  }

  /** What went wrong in measured phases: words -> how often. */
  get faults() {
    const { outcome, faults } = this.#report;
    const found = new Map();
    for (const index of this.#indices(this.#phases.filter(({ measured }) => measured))) {
      if (outcome[index] === 0) continue;
      const fault = faults[outcome[index]];
      found.set(fault, (found.get(fault) ?? 0) + 1);
    }
    return found;
  }

  /** What keeps the latencies from being believed: calls were sent late, by the fleet's own fault. Else undefined. */
  get doubt() {
    const lateMs = percentile(Float64Array.from(this.#report.lateMs).sort(), 0.99);
    if (lateMs <= LATE_MS) return undefined;
    return `the machine was too busy: 1 % of the calls were sent ${Math.round(lateMs)} ms late or more`;
  }

  /** Ms from the begin of a phase to the end of the first good answer after it; undefined without one. */
  firstGoodAfter(phase) {
    const { dueMs, latencyMs, outcome } = this.#report;
    const { beginMs } = this.#phases[phase];
    const ends = Array.from(dueMs, (due, index) => due + latencyMs[index]);
    const good = ends.filter((end, index) => outcome[index] === 0 && end > beginMs);
    return good.length === 0 ? undefined : Math.min(...good) - beginMs;
  }

  /** Ms from the begin of a phase to when the last call was due that failed; 0 when none did. */
  lastBadAfter(phase) {
    const { dueMs, outcome } = this.#report;
    const { beginMs } = this.#phases[phase];
    const last = dueMs.findLast((due, index) => outcome[index] !== 0 && due > beginMs);
    return last === undefined ? 0 : last - beginMs;
  }

  /**
   * Whole seconds from the begin of a phase until so much (0 to 1) of what it allows was used within a second;
   * undefined when it never was.
   */
  secondsUntil(phase, share) {
    const { beginMs, endMs, capacity } = this.#phases[phase];
    for (let at = beginMs; at + 1_000 <= endMs; at += 1_000) {
      const { goodUnits } = this.#figures([{ beginMs: at, endMs: at + 1_000, seconds: 1, upstream: {} }]);
      if (goodUnits >= share * capacity) return (at - beginMs) / 1_000 + 1;
    }
    return undefined;
  }

  #indices(phases) {
    const indices = [];
    this.#report.dueMs.forEach((due, index) => {
      if (phases.some(({ beginMs, endMs }) => due >= beginMs && due < endMs)) indices.push(index);
    });
    return indices;
  }

  /** Where the good answers are that were given in these phases. */
  #goodEndsIn(phases) {
    const { dueMs, latencyMs, outcome } = this.#report;
    const indices = Array.from(dueMs.keys());
    return indices.filter((index) => {
      const end = dueMs[index] + latencyMs[index];
      return outcome[index] === 0 && phases.some(({ beginMs, endMs }) => end >= beginMs && end < endMs);
    });
  }

  /**
   * seconds; requests that were due in these phases, good ones among them, latencies of these in ms, sorted;
   * goodUnits: what the good answers cost that were given in them; ofCapacity: goodUnits as a share of what was
   * asked for, or of what was allowed where that was less; upstream: calls there, by what became of them, and
   * calls: all of these.
   */
  #figures(phases) {
    const { latencyMs, outcome, units } = this.#report;
    const indices = this.#indices(phases);
    const good = indices.filter((index) => outcome[index] === 0);
    const seconds = total(phases.map((phase) => phase.seconds));
    const capacity = total(phases.map((phase) => (phase.capacity ?? Number.NaN) * phase.seconds));
    const unitsIn = (some) => total(some.map((index) => units[index]));
    const goodUnits = unitsIn(this.#goodEndsIn(phases));
    const sumOf = (what) => total(phases.map(({ upstream }) => upstream[what]));
    const upstream = Object.fromEntries(UPSTREAM.map((what) => [what, sumOf(what)]));
    return {
      seconds,
      requests: indices.length,
      good: good.length,
      goodUnits,
      ofCapacity: goodUnits / Math.min(capacity, unitsIn(indices)),
      latencies: Float64Array.from(good, (index) => latencyMs[index]).sort(),
      upstream,
      calls: upstream.accepted + upstream.refused + upstream.failed,
    };
  }
}
